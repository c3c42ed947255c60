//! The picture itself: numbers in, text out.

/// How long we watch a point before we call it a prisoner of the set.
const PATIENCE: usize = 400;

/// A letter is about twice as high as it is wide.
const LETTER_SHAPE: f64 = 0.5;

#[derive(Clone, Debug, PartialEq)]
pub struct View {
    pub name: String,
    pub re: f64,
    pub im: f64,
    pub width: f64,
}

/// Steps until z → z² + c runs away, or `None` if it does not.
fn escape_time(re: f64, im: f64) -> Option<usize> {
    let (mut x, mut y) = (0.0, 0.0);
    for step in 0..PATIENCE {
        if x * x + y * y > 4.0 {
            return Some(step);
        }
        (x, y) = (x * x - y * y + re, 2.0 * x * y + im);
    }
    None
}

/// One line of text for each row. The shades are spread over the times that occur in this view.
pub fn draw(view: &View, columns: usize, shades: &[char]) -> String {
    let rows = (columns as f64 * LETTER_SHAPE * 0.66) as usize;
    let pixel = view.width / columns as f64;
    let times: Vec<Option<usize>> = (0..rows * columns)
        .map(|i| {
            let x = (i % columns) as f64 - columns as f64 / 2.0;
            let y = rows as f64 / 2.0 - (i / columns) as f64;
            escape_time(view.re + x * pixel, view.im + y * pixel / LETTER_SHAPE)
        })
        .collect();

    let quickest = times.iter().flatten().min().copied().unwrap_or(0);
    let mut text = String::new();
    for row in times.chunks(columns) {
        for time in row {
            text.push(match time {
                None => *shades.last().unwrap_or(&'@'),
                Some(time) => shade(time - quickest, shades),
            });
        }
        text.truncate(text.trim_end_matches(' ').len());
        text.push('\n');
    }
    text
}

/// The first steps matter most, so the shades grow with the logarithm of the time.
fn shade(time: usize, shades: &[char]) -> char {
    let outside = shades.len().saturating_sub(1).max(1);
    let bright = ((time + 1) as f64).ln() / (PATIENCE as f64).ln();
    shades[((bright * outside as f64) as usize).min(outside - 1)]
}
