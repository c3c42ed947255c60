/**
 * `ruby FILE [ARGS…]`, `ruby -e CODE`, `ruby -v`: Ruby on WASI, which npm has as a library, so this is the command around it. The
 * standard library is packed inside of the module.
 *
 * Invariant: the script runs within one evaluation that catches everything, so at_exit blocks run, output is flushed, and the exit
 * code is Ruby's own.
 */
import type { ExitReason } from '../../abi/control.ts'
import { spanOf } from '../../objects/spans.ts'
import type { Run } from '../../process/boot.ts'
import { cannotRun, faultReason } from '../../process/faults.ts'
import { createHiddenMachine } from '../../process/hidden-machine.ts'
import type { Process } from '../../process/process.ts'
import { waitForWrite } from '../../process/waiting.ts'
import { createWasi } from '../../process/wasi.ts'
import { openRuby, type RubyLibrary, rubyImports } from './canonical.ts'

/** `-e_=0` is a program that does nothing: without one, the interpreter would read its program from standard input. */
const START = ['ruby', '-EUTF-8', '-e_=0']
const STANDARD_ERROR = 2
const USAGE = '$stderr.puts "usage: ruby FILE [ARGS...] or ruby -e CODE"; exit 2'
const VERSION = 'puts RUBY_DESCRIPTION'

export const runRuby: Run = (process, module): ExitReason => {
  try {
    const ruby = start(process, module)
    if (typeof ruby === 'string') return cannotRun(ruby)
    const tag = ruby.evaluate(wrapped(programOf(process.args)))
    return { code: 1, signal: 0, message: `Ruby ended in an unusual way (tag ${tag})` }
  } catch (error) {
    const { ended } = process
    return ended ? { ...ended, message: '' } : faultReason(error)
  }
}

/** Starts the interpreter once in a machine of its own, which makes the engine compile most of what a start needs. */
export const warmRuby = (module: WebAssembly.Module): void => {
  try {
    start(createHiddenMachine({ args: ['ruby'], env: {} }).process, module)
  } catch {
    // The first start is slower, no more.
  }
}

/** The library, or why it cannot be used. */
const start = (process: Process, module: WebAssembly.Module): RubyLibrary | string => {
  const { imports, setMemory } = createWasi(process)
  const refuse = (name: string): never => process.end(complain(process, name), 0)
  const all = { ...imports, ...rubyImports(module, refuse) } as unknown as WebAssembly.Imports
  const { exports } = new WebAssembly.Instance(module, all)
  if (!(exports.memory instanceof WebAssembly.Memory)) return 'this build of Ruby exports no memory'
  setMemory(exports.memory)
  const initialize = exports._initialize as (() => void) | undefined
  initialize?.()
  const ruby = openRuby(exports)
  ruby.init(START)
  return ruby
}

/** Tells it on standard error; gives the exit code. */
const complain = (process: Process, name: string): number => {
  const file = process.descriptors.get(STANDARD_ERROR)
  const words = `ruby: the js library is not available here (${name.split(':')[0]})\n`
  if (file > 0) waitForWrite(process, file, spanOf(new TextEncoder().encode(words)))
  return 1
}

/** Ruby code of what the command line asks for. */
const programOf = (args: readonly string[]): string => {
  const [, first, ...rest] = args
  if (first === undefined) return USAGE
  if (first === '-v' || first === '--version') return VERSION
  if (first === '-e') {
    const [code = '', ...more] = rest
    return `ARGV.replace(${list(more)}); $0 = "-e"; eval(${text(code)}, TOPLEVEL_BINDING, "-e")`
  }
  if (first.startsWith('-')) return USAGE
  // An absolute path, so that __FILE__ == $0 holds and require_relative finds its neighbours.
  return `ARGV.replace(${list(rest)}); $0 = File.expand_path(${text(first)}); load($0)`
}

/** As data and not as a literal, so that no quoting can go wrong. */
const text = (value: string): string => {
  const hex = [...new TextEncoder().encode(value)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return `["${hex}"].pack("H*").force_encoding("UTF-8")`
}

const list = (values: readonly string[]): string => `[${values.map(text).join(', ')}]`

const wrapped = (program: string): string => `
  $stdout.sync = $stdout.tty?
  Dir.chdir(ENV["PWD"]) if ENV["PWD"] && Dir.exist?(ENV["PWD"])
  __blocks = []
  Kernel.define_method(:at_exit) { |&block| __blocks.unshift(block); block }
  __guard = lambda do |&work|
    work.call
    0
  rescue SystemExit => error
    error.status
  rescue Exception => error
    begin
      $stderr.write(error.full_message(highlight: $stderr.tty?))
    rescue Exception
      $stderr.write(error.class.to_s + ": " + error.message.to_s.b + "\n")
    end
    1
  end
  __status = __guard.call { ${program} }
  until __blocks.empty?
    __block = __blocks.shift
    __after = __guard.call { __block.call }
    __status = __after unless __after == 0
  end
  $stdout.flush
  $stderr.flush
  Kernel.exit!(__status)
`
