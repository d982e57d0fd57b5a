//! The file of a checkpoint.
//!
//! ```text
//! bytes  0..8    \x89ARTURO\n
//! bytes  8..12   format, u32, little-endian, as all that follows
//! bytes 12..20   length of the body, u64
//! bytes 20..28   FNV-1a checksum of the body, u64
//! bytes 28..     body, MessagePack
//! ```
//!
//! MessagePack keeps each bit of a float, infinities included, where JSON does not. It stores the
//! names of all fields, so a solver whose fields have changed is recognized.

use crate::error::ArturoError;
use argmin::core::Error;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

const MAGIC: [u8; 8] = *b"\x89ARTURO\n";
const FORMAT: u32 = 1;
const HEAD: usize = 28;

/// The files of a checkpoint.
#[derive(Clone, Debug)]
pub(super) struct Paths {
    pub(super) newest: PathBuf,
    previous: PathBuf,
    /// Being written.
    unfinished: PathBuf,
    /// Set aside.
    torn: PathBuf,
}

/// The body of a sound checkpoint.
pub(super) struct Found {
    pub(super) body: Vec<u8>,
    pub(super) path: PathBuf,
}

/// The content of a path.
enum Content {
    Nothing,
    Sound(Vec<u8>),
    /// Not whole, with the fault.
    Torn(String),
}

impl Paths {
    pub(super) fn new(newest: PathBuf) -> Self {
        let with = |ending: &str| {
            let mut path = newest.clone().into_os_string();
            path.push(ending);
            PathBuf::from(path)
        };
        Self { previous: with(".bak"), unfinished: with(".tmp"), torn: with(".torn"), newest }
    }

    /// Makes `body` the newest checkpoint, and that of before the previous one.
    ///
    /// A crash leaves one of the two in place, whichever of the lines it meets.
    pub(super) fn replace(&self, body: &[u8]) -> Result<(), Error> {
        let failed = |error| failed("written", &self.newest, error);
        let write = || {
            let mut file = File::create(&self.unfinished)?;
            file.write_all(&MAGIC)?;
            file.write_all(&FORMAT.to_le_bytes())?;
            file.write_all(&(body.len() as u64).to_le_bytes())?;
            file.write_all(&checksum(body).to_le_bytes())?;
            file.write_all(body)?;
            file.sync_all()
        };
        write().map_err(failed)?;
        match fs::rename(&self.newest, &self.previous) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        fs::rename(&self.unfinished, &self.newest).map_err(failed)?;
        sync_directory(&self.newest).map_err(failed)
    }

    /// The newest sound checkpoint, if there is any file.
    pub(super) fn find(&self) -> Result<Option<Found>, Error> {
        let damage = match read(&self.newest)? {
            Content::Sound(body) => return Ok(Some(Found { body, path: self.newest.clone() })),
            Content::Nothing => None,
            Content::Torn(damage) => Some(damage),
        };
        match (read(&self.previous)?, damage) {
            (Content::Nothing, None) => Ok(None),
            (Content::Sound(body), damage) => {
                if damage.is_some() {
                    // out of the way of the next one, which else would push out the sound one
                    let set_aside = fs::rename(&self.newest, &self.torn);
                    set_aside.map_err(|error| failed("set aside", &self.newest, error))?;
                }
                Ok(Some(Found { body, path: self.previous.clone() }))
            }
            (Content::Nothing, Some(damage)) => Err(torn(&self.newest, &damage)),
            (Content::Torn(damage), None) => Err(torn(&self.previous, &damage)),
            (Content::Torn(_), Some(damage)) => Err(torn(&self.newest, &damage)),
        }
    }
}

fn read(path: &Path) -> Result<Content, Error> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Content::Nothing),
        Err(error) => return Err(failed("read", path, error)),
    };
    let magic = &bytes[..bytes.len().min(MAGIC.len())];
    // a power failure may leave the length of a file with zeros for content
    if !MAGIC.starts_with(magic) && bytes.iter().any(|byte| *byte != 0) {
        let path = path.display();
        let text = format!(
            "checkpoint {path}: the file is no checkpoint of argmin-arturo; choose another path"
        );
        return Err(unfit(text, None));
    }
    let (Some(format), Some(length), Some(sum)) =
        (field(&bytes, 8).map(u32::from_le_bytes), field(&bytes, 12), field(&bytes, 20))
    else {
        return Ok(Content::Torn(format!("it ends after {} bytes", bytes.len())));
    };
    if magic == MAGIC && format != FORMAT {
        let text = format!(
            "checkpoint {}: it has format {format}, this version of argmin-arturo reads format \
             {FORMAT}; finish the run with the version that began it, or delete the file to begin \
             anew",
            path.display()
        );
        return Err(unfit(text, None));
    }
    let body = &bytes[HEAD..];
    let (length, sum) = (u64::from_le_bytes(length), u64::from_le_bytes(sum));
    if length != body.len() as u64 {
        return Ok(Content::Torn(format!("it has {} of {length} bytes", body.len())));
    }
    if magic != MAGIC || sum != checksum(body) {
        return Ok(Content::Torn("its checksum is wrong".into()));
    }
    Ok(Content::Sound(body.to_vec()))
}

/// N bytes from an offset, if there are as many.
fn field<const N: usize>(bytes: &[u8], offset: usize) -> Option<[u8; N]> {
    bytes.get(offset..offset + N)?.try_into().ok()
}

/// FNV-1a, 64 bit: any change of a single byte changes it.
fn checksum(bytes: &[u8]) -> u64 {
    let step = |sum: u64, byte: &u8| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
}

/// The renames of a file are on the disk only when its directory is.
#[cfg(unix)]
fn sync_directory(path: &Path) -> io::Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(directory.unwrap_or(Path::new(".")))?.sync_all()
}

/// Elsewhere directories cannot be opened.
#[cfg(not(unix))]
fn sync_directory(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// A file that is no sound checkpoint of this run.
pub(super) fn unfit(
    text: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
) -> Error {
    ArturoError::Checkpoint { text, source }.into()
}

fn torn(path: &Path, damage: &str) -> Error {
    let path = path.display();
    let text = format!(
        "checkpoint {path}: the file is damaged ({damage}), and there is no intact copy; \
         delete it to begin anew"
    );
    unfit(text, None)
}

fn failed(what: &str, path: &Path, source: io::Error) -> Error {
    let text = format!(
        "checkpoint {}: it cannot be {what}: {source}; check that its directory exists and may be \
         written to",
        path.display()
    );
    ArturoError::File { text, source }.into()
}
