//! Postcards from the Mandelbrot set: arguments, environment, files, standard input, exit code.

mod mandelbrot;

use mandelbrot::{draw, View};
use std::io::{self, BufRead, Write};
use std::{env, fs, process::ExitCode};

const PLACES: &str = "places.txt";
const POSTCARD: &str = "postcard.txt";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("rust-hello: {message}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<(), String> {
    let text = fs::read_to_string(PLACES).map_err(|error| format!("cannot read {PLACES}: {error}"))?;
    let places = parse_places(&text)?;

    let mut arguments = env::args().skip(1);
    let first = arguments.next().unwrap_or_else(|| "home".to_string());
    let columns = match arguments.next() {
        None => 76,
        Some(text) => text.parse().ok().filter(|n| (10..=400).contains(n)).ok_or(format!("{text} is not a width from 10 to 400"))?,
    };
    let shades: Vec<char> = env::var("SHADES").unwrap_or_else(|_| " .:-=+*#%@".to_string()).chars().collect();

    println!("Hello from Rust! Today's postcard:\n");
    let mut picture = show(find(&places, &first)?, columns, &shades);

    let names: Vec<&str> = places.iter().map(|view| view.name.as_str()).collect();
    ask(&names);
    for line in io::stdin().lock().lines() {
        match line.map_err(|error| error.to_string())?.trim() {
            "" => {}
            "quit" => break,
            "save" => {
                fs::write(POSTCARD, &picture).map_err(|error| format!("cannot write {POSTCARD}: {error}"))?;
                println!("Saved {} bytes to {POSTCARD}.", picture.len());
            }
            name => match find(&places, name) {
                Ok(view) => picture = show(view, columns, &shades),
                Err(message) => eprintln!("{message}"),
            },
        }
        ask(&names);
    }
    println!("\nWish you were here!");
    Ok(())
}

/// Prints the picture and gives it back, in case somebody wants to keep it.
fn show(view: &View, columns: usize, shades: &[char]) -> String {
    let picture = draw(view, columns, shades);
    println!("{picture}\x1b[36m{}\x1b[0m, {} wide around {:+} {:+}i", view.name, view.width, view.re, view.im);
    picture
}

fn ask(names: &[&str]) {
    print!("Where to? ({}, save, quit) ", names.join(", "));
    io::stdout().flush().expect("the console takes the question");
}

fn find<'a>(places: &'a [View], name: &str) -> Result<&'a View, String> {
    places.iter().find(|view| view.name == name).ok_or(format!("there is no place called {name:?} in {PLACES}"))
}

/// One place a line: a name and three numbers. Lines that begin with # are remarks.
fn parse_places(text: &str) -> Result<Vec<View>, String> {
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'))
        .map(|(number, line)| parse_place(line).ok_or(format!("{PLACES}, line {}: a name and three numbers, please", number + 1)))
        .collect()
}

fn parse_place(line: &str) -> Option<View> {
    let mut words = line.split_whitespace();
    let name = words.next()?.to_string();
    let numbers: Vec<f64> = words.map(|word| word.parse().ok()).collect::<Option<_>>()?;
    match numbers[..] {
        [re, im, width] => Some(View { name, re, im, width }),
        _ => None,
    }
}
