//! Lists the public API that `cargo doc` shows: `public_api PAGES ROOT`, the directories of the crate's pages
//! and of its sources. Fails where something public is in no example, doctest or guide.
//!
//! Each item is its declaration, then the inherent implementations with their functions, then the traits
//! that it implements. Built by `rustc` alone, from `.ci/public_api`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

/// The text of a piece of HTML, its white space in one line.
fn text(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        text.push_str(&rest[..start]);
        let end = rest[start..].find('>').expect("tags end") + start;
        rest = &rest[end + 1..];
    }
    text.push_str(rest);
    let decoded = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&nbsp;", " "),
        ("&amp;", "&"),
    ]
    .iter()
    .fold(text, |text, (code, character)| text.replace(code, character));
    decoded.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The pieces between `begin` and `end`, in order, each with its place.
fn pieces<'a>(html: &'a str, begin: &str, end: &str) -> Vec<(usize, &'a str)> {
    let mut found = Vec::new();
    let mut place = 0;
    while let Some(start) = html[place..].find(begin).map(|at| place + at + begin.len()) {
        let stop = html[start..].find(end).map_or(html.len(), |at| start + at);
        found.push((start, &html[start..stop]));
        place = stop;
    }
    found
}

/// The lines of one item.
fn item(html: &str) -> String {
    // what follows is the same for all types, or of other crates
    let end = ["id=\"synthetic-implementations\"", "id=\"foreign-impls\"", "id=\"implementors\""];
    let end = end.iter().filter_map(|mark| html.find(mark)).min().unwrap_or(html.len());
    let html = &html[..end];
    let traits = html.find("id=\"trait-implementations\"").unwrap_or(html.len());
    let (_, declaration) = pieces(html, "item-decl\"><code>", "</code></pre>")[0];
    let mut lines = text(declaration) + "\n";
    let mut headers: Vec<(usize, String)> = Vec::new();
    for (place, header) in pieces(html, "<h3 class=\"code-header\">", "</h3>") {
        headers.push((place, format!("    {}\n", text(header))));
    }
    for (place, header) in pieces(html, "<h4 class=\"code-header\">", "</h4>") {
        // methods of a trait are those of the trait, which its declaration shows
        if place < traits && !declaration.starts_with("pub trait") {
            headers.push((place, format!("        {}\n", text(header))));
        }
    }
    headers.sort();
    lines.extend(headers.into_iter().map(|(_, line)| line));
    lines
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The words of a piece of code.
fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty())
}

/// The names of an item and of its functions.
fn names(item: &str, name: &str) -> Vec<String> {
    let own = item.lines().filter(|line| !line.trim_start().starts_with("impl"));
    let functions = own.flat_map(|line| line.split("fn ").skip(1));
    let function = |rest: &str| words(rest).next().map(String::from);
    functions.filter_map(function).chain([name.to_string()]).collect()
}

/// Takes in the words of the code in a file: all of an example, else what Markdown marks as code, in
/// a page or in the comments of the documentation.
fn collect_file(path: &Path, seen: &mut BTreeSet<String>) {
    let is_example = path.components().any(|part| part.as_os_str() == "examples");
    let extension = path.extension().unwrap_or_default();
    let is_markdown = extension == "md";
    if !is_markdown && extension != "rs" {
        return;
    }
    let mut is_code = false;
    for line in read(path).lines() {
        let comment = ["///", "//!"].iter().find_map(|mark| line.trim_start().strip_prefix(mark));
        match if is_markdown { Some(line) } else { comment } {
            Some(line) if line.trim_start().starts_with("```") => is_code = !is_code,
            Some(line) if is_code => seen.extend(words(line).map(String::from)),
            None if is_example => seen.extend(words(line).map(String::from)),
            _ => {}
        }
    }
}

fn collect(directory: &Path, seen: &mut BTreeSet<String>) {
    let entries = fs::read_dir(directory);
    for entry in entries.unwrap_or_else(|error| panic!("{}: {error}", directory.display())) {
        let path = entry.expect("an entry of a directory").path();
        if path.is_dir() { collect(&path, seen) } else { collect_file(&path, seen) }
    }
}

fn main() -> ExitCode {
    let [pages, root] = [1, 2].map(|i| std::env::args().nth(i).expect("PAGES ROOT"));
    let (directory, root) = (Path::new(&pages), Path::new(&root));
    let mut seen = BTreeSet::new();
    ["src", "examples", "docs"].iter().for_each(|part| collect(&root.join(part), &mut seen));
    collect_file(&root.join("README.md"), &mut seen);

    let index = read(&directory.join("all.html"));
    let list = &index[index.find("id=\"main-content\"").expect("a list of all items")..];
    let mut pages: Vec<&str> =
        pieces(list, "href=\"", "\"").into_iter().map(|(_, link)| link).collect();
    // what the prelude shows is elsewhere
    pages.retain(|page| {
        page.ends_with(".html") && !page.contains("..") && !page.starts_with("prelude/")
    });
    pages.sort_unstable();
    for (_, code) in pieces(&read(&directory.join("index.html")), "<code>", "</code>") {
        let line = text(code);
        if line.starts_with("pub use ") {
            println!("{line}");
        }
    }
    let mut counts: Vec<(&str, usize)> = Vec::new();
    let mut unused = Vec::new();
    for page in pages {
        let (module, file) = page.rsplit_once('/').unwrap_or(("", page));
        let mut parts = file.split('.');
        let (kind, name) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
        match counts.iter_mut().find(|(counted, _)| *counted == kind) {
            Some((_, count)) => *count += 1,
            None => counts.push((kind, 1)),
        }
        let path = module.split('/').filter(|part| !part.is_empty()).chain([name]);
        let path = path.collect::<Vec<_>>().join("::");
        let item = item(&read(&directory.join(page)));
        let not_seen = names(&item, name).into_iter().filter(|part| !seen.contains(part));
        unused.extend(not_seen.map(|part| format!("{path}: {part}")));
        print!("\n{kind} {path}\n{item}");
    }
    counts.sort_unstable();
    println!();
    counts.iter().for_each(|(kind, count)| println!("{kind}: {count}"));
    unused.iter().for_each(|item| eprintln!("in no example, doctest or guide: {item}"));
    if unused.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
