//! The tasks, of which `Task` says what they consist.

use super::Task;
use crate::Draw;
use crate::data::DIGITS;
use rand::seq::SliceRandom;

/// Arms in a fixed random order.
pub fn bandit() -> Task {
    let mut rewards: Vec<f64> = (0..10).map(|arm| 2.0 + 0.1 * f64::from(arm)).collect();
    rewards.shuffle(&mut Draw::new(49, 0).rng());
    Task {
        name: "bandit",
        features: vec![vec![1.0]],
        actions: 10,
        rewards,
        noise: 0.5,
        moves: Vec::new(),
        starts: 1,
        steps: 1,
        ridge: 0.01,
        minimum: -2.7656938800009194,
    }
}

/// One state per image.
pub fn digits() -> Task {
    let guesses = [3, 5, 8];
    let (mut features, mut rewards) = (Vec::new(), Vec::new());
    for (pixels, label) in DIGITS.pixels.iter().zip(&DIGITS.labels) {
        if guesses.contains(label) {
            let mut means = vec![0.0; 17];
            for (i, p) in pixels.iter().enumerate() {
                means[i / 16 * 4 + i % 8 / 2] += 0.25 * p;
            }
            means[16] = 1.0;
            features.push(means);
            rewards.extend(guesses.map(|guess| f64::from(guess == *label)));
        }
    }
    Task {
        name: "digits",
        actions: guesses.len(),
        rewards,
        noise: 0.1,
        moves: Vec::new(),
        starts: features.len(),
        features,
        steps: 1,
        ridge: 0.001,
        minimum: -0.7964168247647518,
    }
}

/// One state per cell.
pub fn grid() -> Task {
    let (width, height) = (4, 3);
    let cells = width * height;
    let neighbours = |cell: usize| {
        let (column, row) = (cell % width, cell / width);
        let at = |column: usize, row: usize| column + width * row;
        [
            at((column + 1).min(width - 1), row),
            at(column, (row + 1).min(height - 1)),
            at(column.saturating_sub(1), row),
            at(column, row.saturating_sub(1)),
        ]
    };
    let reward = |cell: usize| match cell {
        11 => 1.0,
        6 => -1.0,
        _ => 0.0,
    };
    let (mut rewards, mut moves) = (Vec::new(), Vec::new());
    for cell in 0..cells {
        for action in 0..4 {
            let near = neighbours(cell).into_iter().enumerate();
            // A slip goes in any of the four directions.
            moves.push(near.map(|(i, to)| (to, if i == action { 0.85 } else { 0.05 })).collect());
            rewards.push(reward(cell));
        }
    }
    Task {
        name: "grid",
        features: (0..cells).map(|i| (0..cells).map(|j| f64::from(i == j)).collect()).collect(),
        actions: 4,
        rewards,
        noise: 0.1,
        moves,
        starts: width,
        steps: 8,
        ridge: 0.01,
        minimum: -2.547112619660618,
    }
}
