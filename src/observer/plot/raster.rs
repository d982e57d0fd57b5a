//! Pictures as pixels, for where SVG is not read.

use plotters::prelude::DrawingBackend;
use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingErrorKind, FontTransform,
};
use std::convert::Infallible;
use tiny_skia::{FillRule, Paint, Path, PathBuilder, Pixmap, Rect, Stroke, Transform};
use ttf_parser::{Face, OutlineBuilder};

/// Pixels of the file to a pixel of the picture, enough for paper.
const SCALE: f32 = 2.0;

type Drawn = Result<(), DrawingErrorKind<Infallible>>;

/// Where plotters draws.
pub(super) struct Canvas<'a> {
    pixels: &'a mut Pixmap,
    size: (u32, u32),
    face: Face<'static>,
}

/// The pixels of a picture of this size; none if they cannot be had.
pub(super) fn pixels((width, height): (u32, u32)) -> Option<Pixmap> {
    Pixmap::new(width * SCALE as u32, height * SCALE as u32)
}

impl<'a> Canvas<'a> {
    /// The font comes with the crate: machines without any are common.
    pub(super) fn new(pixels: &'a mut Pixmap, size: (u32, u32)) -> Self {
        let face = Face::parse(dejavu::sans::regular(), 0).expect("the font is sound");
        Self { pixels, size, face }
    }

    fn fill(&mut self, path: Option<Path>, color: BackendColor, place: Transform) -> Drawn {
        // a path without an area has nothing to fill
        if let Some(path) = path {
            let place = place.post_scale(SCALE, SCALE);
            self.pixels.fill_path(&path, &paint(color), FillRule::Winding, place, None);
        }
        Ok(())
    }

    fn stroke<S: BackendStyle>(&mut self, path: Option<Path>, style: &S) -> Drawn {
        if let Some(path) = path {
            let stroke = Stroke { width: style.stroke_width() as f32, ..Stroke::default() };
            let place = Transform::from_scale(SCALE, SCALE);
            self.pixels.stroke_path(&path, &paint(style.color()), &stroke, place, None);
        }
        Ok(())
    }
}

impl DrawingBackend for Canvas<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        self.size
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, (x, y): BackendCoord, color: BackendColor) -> Drawn {
        self.draw_rect((x, y), (x + 1, y + 1), &color, true)
    }

    fn draw_line<S: BackendStyle>(
        &mut self,
        from: BackendCoord,
        to: BackendCoord,
        style: &S,
    ) -> Drawn {
        self.draw_path([from, to], style)
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        (left, top): BackendCoord,
        (right, bottom): BackendCoord,
        style: &S,
        fill: bool,
    ) -> Drawn {
        let rect = Rect::from_ltrb(left as f32, top as f32, right as f32, bottom as f32);
        let path = rect.map(PathBuilder::from_rect);
        if fill {
            self.fill(path, style.color(), Transform::identity())
        } else {
            self.stroke(path, style)
        }
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Drawn {
        self.stroke(polyline(path).finish(), style)
    }

    fn draw_circle<S: BackendStyle>(
        &mut self,
        (x, y): BackendCoord,
        radius: u32,
        style: &S,
        fill: bool,
    ) -> Drawn {
        let path = PathBuilder::from_circle(x as f32, y as f32, radius as f32);
        if fill {
            self.fill(path, style.color(), Transform::identity())
        } else {
            self.stroke(path, style)
        }
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        corners: I,
        style: &S,
    ) -> Drawn {
        let mut outline = polyline(corners);
        outline.close();
        self.fill(outline.finish(), style.color(), Transform::identity())
    }

    fn draw_text<S: BackendTextStyle>(
        &mut self,
        text: &str,
        style: &S,
        (x, y): BackendCoord,
    ) -> Drawn {
        // sizes and baselines are those of plotters' SVG, so that both pictures look alike
        let em = style.size() as f32 / 1.24;
        let scale = em / f32::from(self.face.units_per_em());
        let mut line = Line { path: PathBuilder::new(), left: 0.0, scale };
        for character in text.chars() {
            // 0 is the glyph of characters that the font lacks
            let glyph = self.face.glyph_index(character).unwrap_or_default();
            self.face.outline_glyph(glyph, &mut line);
            line.left += scale * f32::from(self.face.glyph_hor_advance(glyph).unwrap_or(0));
        }
        let half_x_height = 0.5 * scale * f32::from(self.face.x_height().unwrap_or(0));
        let anchor = style.anchor();
        let dx = match anchor.h_pos {
            HPos::Left => 0.0,
            HPos::Center => -0.5 * line.left,
            HPos::Right => -line.left,
        };
        let dy = match anchor.v_pos {
            VPos::Top => 0.76 * em,
            VPos::Center => half_x_height,
            VPos::Bottom => -half_x_height,
        };
        let angle = match style.transform() {
            FontTransform::None => 0.0,
            FontTransform::Rotate90 => 90.0,
            FontTransform::Rotate180 => 180.0,
            FontTransform::Rotate270 => 270.0,
        };
        let place = Transform::from_translate(dx, dy)
            .post_concat(Transform::from_rotate(angle))
            .post_translate(x as f32, y as f32);
        self.fill(line.path.finish(), style.color(), place)
    }
}

fn paint(color: BackendColor) -> Paint<'static> {
    let (r, g, b) = color.rgb;
    let mut paint = Paint { anti_alias: true, ..Paint::default() };
    paint.set_color_rgba8(r, g, b, (255.0 * color.alpha).round() as u8);
    paint
}

fn polyline(points: impl IntoIterator<Item = BackendCoord>) -> PathBuilder {
    let mut path = PathBuilder::new();
    for (x, y) in points {
        let (x, y) = (x as f32, y as f32);
        if path.is_empty() { path.move_to(x, y) } else { path.line_to(x, y) }
    }
    path
}

/// The outlines of the characters of a line of text; the axis of a font points up.
struct Line {
    path: PathBuilder,
    /// Where the next character begins.
    left: f32,
    scale: f32,
}

impl Line {
    fn at(&self, x: f32, y: f32) -> (f32, f32) {
        (self.left + self.scale * x, -self.scale * y)
    }
}

impl OutlineBuilder for Line {
    fn move_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let ((x1, y1), (x, y)) = (self.at(x1, y1), self.at(x, y));
        self.path.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let ((x1, y1), (x2, y2), (x, y)) = (self.at(x1, y1), self.at(x2, y2), self.at(x, y));
        self.path.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}
