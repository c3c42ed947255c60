/**
 * Projects as they lie on a developer's disk, made by the tools of their languages: `cargo new` and a build, `go mod init` and
 * a build. Where a tool is missing, what it would leave is laid out from the examples, which were built by the same tools.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gunzipSync } from 'node:zlib'

export interface Project {
  path: string
  /** What its program prints. */
  prints: RegExp
  /** Whether a tool of the language made it on this machine. */
  isFresh: boolean
  /** Said once in the run where it is not: 'note: …', else ''. */
  note: string
}

export interface Workshop {
  folder: string
  write(project: string, files: Record<string, string | Uint8Array>): string
  python(): Project
  javascript(): Project
  rust(): Project
  go(): Project
  close(): void
}

/** Milliseconds for one step of a tool; the first build of Go's library takes long. */
const TOOL_TIMEOUT_MS = 120_000

const tool = (cwd: string, command: string, args: string[], env: Record<string, string> = {}): boolean => {
  const done = spawnSync(command, args, {
    cwd,
    env: { ...process.env, ...env },
    timeout: TOOL_TIMEOUT_MS,
    stdio: 'ignore',
  })
  return done.status === 0
}

const RUST = `use std::{env, fs, io, thread, time::Duration};

fn main() {
    let words = fs::read_to_string("words.txt").expect("words.txt");
    println!("rust counts {} words in {} bytes", words.split_whitespace().count(), words.len());
    println!("home is {}", env::var("HOME").unwrap_or_default());
    if env::args().any(|word| word == "stay") {
        println!("rust stays");
        thread::sleep(Duration::from_secs(600));
    }
    let mut name = String::new();
    io::stdin().read_line(&mut name).expect("a line");
    println!("rust greets {}", name.trim());
    std::process::exit(3);
}
`
const GO = `package main

import (
	"fmt"
	"os"
	"time"
)

func main() {
	words, err := os.ReadFile("words.txt")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	results := make(chan int)
	for i := 1; i <= 4; i++ {
		go func(n int) { results <- n * n }(i)
	}
	sum := 0
	for range 4 {
		sum += <-results
	}
	fmt.Println("go squares", sum, "bytes", len(words))
	if len(os.Args) > 1 {
		fmt.Println("go stays")
		time.Sleep(600 * time.Second)
	}
}
`
const PYTHON = {
  'main.py': `import json
import sys
from shop.price import total

name = input("Who buys? ")
items = json.loads(open("items.json", encoding="utf-8").read())
print(f"{name} pays {total(items)} on {sys.platform}")
if "stay" in sys.argv:
    import time
    print("python stays")
    time.sleep(600)
`,
  'shop/__init__.py': '',
  'shop/price.py': 'def total(items):\n    return sum(item["price"] * item["count"] for item in items)\n',
  'items.json': '[{"price": 7, "count": 3}, {"price": 2, "count": 1}]',
  'pyproject.toml': '[project]\nname = "shop"\nversion = "1.0"\nrequires-python = ">=3.8"\n',
}
const JAVASCRIPT = {
  'main.js': `import { fib } from './lib/fib.js'
import * as std from 'std'
print('javascript says', [1, 2, 3, 10].map(fib).join(' '))
print('reads', std.loadFile('data.txt').trim())
if (scriptArgs.includes('stay')) {
  print('javascript stays')
  setTimeout(() => {}, 600000)
}
`,
  'lib/fib.js': 'export const fib = (n) => (n < 2 ? n : fib(n - 1) + fib(n - 2))\n',
  'data.txt': 'grüße\n',
}
const WORDS = { 'words.txt': 'one two three\n' }

export const openWorkshop = (): Workshop => {
  const folder = mkdtempSync(join(tmpdir(), 'projects-'))
  const write: Workshop['write'] = (project, files) => {
    for (const [name, data] of Object.entries(files)) {
      const path = join(folder, project, name)
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, data)
    }
    return join(folder, project)
  }
  /** An example of the repository with its program where the tool would have put it. */
  const prebuilt = (example: string, program: string, prints: RegExp, missing: string): Project => {
    const note = `note: ${example} was not built here but ahead of time: ${missing}`
    const path = join(folder, example)
    cpSync(join('examples', example), path, {
      recursive: true,
      filter: (source) => !/\/(prebuilt|target)$|\.wasm$/.test(source),
    })
    const packed = readFileSync(join('examples', example, 'prebuilt', `${example}.wasm.gz`))
    write(example, { [program]: gunzipSync(packed) })
    return { path, prints, isFresh: false, note }
  }
  return {
    folder,
    write,
    python: () => ({ path: write('shop', PYTHON), prints: /pays 23 on wasi/, isFresh: true, note: '' }),
    javascript: () => ({
      path: write('numbers', JAVASCRIPT),
      prints: /javascript says 1 1 2 55/,
      isFresh: true,
      note: '',
    }),
    rust: () => {
      const path = join(folder, 'counter')
      const target = ['--target', 'wasm32-wasip1', '--offline', '--release']
      const isMade =
        tool(folder, 'cargo', ['new', '--quiet', '--vcs', 'none', 'counter']) &&
        write('counter', { 'src/main.rs': RUST, '.gitignore': '/target\n', ...WORDS }) === path &&
        tool(path, 'cargo', ['build', '--quiet', ...target])
      if (isMade && existsSync(join(path, 'target/wasm32-wasip1/release/counter.wasm')))
        return { path, prints: /rust counts 3 words in 14 bytes/, isFresh: true, note: '' }
      return prebuilt(
        'rust-hello',
        'target/wasm32-wasip1/release/rust-hello.wasm',
        /Where to\?/,
        'no cargo with the target wasm32-wasip1',
      )
    },
    go: () => {
      const path = write('squares', { 'main.go': GO, ...WORDS })
      const env = {
        GOOS: 'wasip1',
        GOARCH: 'wasm',
        GOFLAGS: '-mod=mod',
        GOTOOLCHAIN: 'local',
        GOPROXY: 'off',
      }
      const isMade =
        tool(path, 'go', ['mod', 'init', 'example.test/squares'], env) &&
        tool(path, 'go', ['build', '-o', 'main.wasm', '.'], env)
      if (isMade) return { path, prints: /go squares 30 bytes 14/, isFresh: true, note: '' }
      return prebuilt('go-hello', 'main.wasm', /goroutines took/, 'no go')
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  }
}
