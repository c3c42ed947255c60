/**
 * `qjs FILE [ARGS…]`, `qjs -e CODE`: JavaScript on QuickJS-NG, inside its own wasm memory. The engine comes as a library with a
 * JavaScript face (quickjs-wasi); this is the command around it: arguments, modules, timers, errors and the exit code.
 *
 * Invariant: the script's only ways out are the functions of native.ts. The engine asks the interrupt handler between
 * instructions, so a signal ends an endless loop too.
 */
import { EvalFlags, JSException, type JSValueHandle, QuickJS } from 'quickjs-wasi'
import type { ExitReason } from '../../abi/control.ts'
import { ALL_KINDS } from '../../objects/all-kinds.ts'
import { learnKinds } from '../../objects/kinds.ts'
import { pendingSignal } from '../../objects/signal.ts'
import type { Run } from '../../process/boot.ts'
import { faultReason } from '../../process/faults.ts'
import type { Process } from '../../process/process.ts'
import { createDescriptorCalls } from './descriptors.ts'
import { createFactCalls } from './facts.ts'
import { createCaught, createJobCalls } from './jobs.ts'
import { createModuleLoader } from './modules.ts'
import { createNative, nativeObject } from './native.ts'
import { createPaths, type Paths } from './paths.ts'
import { BUILTIN_EXPORTS, PRELUDE } from './prelude.ts'
import { createProcessCalls } from './processes.ts'
import { createTrace } from './trace.ts'

/** The engine's own guard; within what Chromium gives a worker. */
const STACK_BYTES = 128 * 1024
/** The interrupt handler is asked that often before it looks at shared memory. */
const LOOK_EVERY = 16
const USAGE = 'usage: qjs FILE [ARGS…] or qjs -e CODE\n'
const MODULE_SYNTAX = /^\s*(import\s*[\w{*'"]|export\s+[\w{*])/m

type Native = ReturnType<typeof createNative> &
  ReturnType<typeof createProcessCalls> &
  ReturnType<typeof createJobCalls> &
  ReturnType<typeof createDescriptorCalls> &
  ReturnType<typeof createFactCalls>

interface Script {
  code: string
  name: string
  isModule: boolean
  args: string[]
}

export const runQuickJs: Run = async (process, module, kernel): Promise<ExitReason> => {
  learnKinds(ALL_KINDS)
  const paths = createPaths(process)
  const script = findScript(process, paths)
  const caught = createCaught(process)
  const native = {
    ...createNative(process, paths, typeof script === 'string' ? [] : script.args, caught),
    ...createProcessCalls(process, kernel, caught),
    ...createJobCalls(process, caught),
    ...createDescriptorCalls(process, paths, caught),
    ...createFactCalls(process, paths, caught),
  }
  if (typeof script === 'string') {
    native.write(2, script)
    return { code: 2, signal: 0, message: '' }
  }
  try {
    const vm = await createVm(process, module, paths)
    const code = runScript(vm, process, native, script)
    const { ended } = process
    return ended ? { ...ended, message: '' } : { code, signal: 0, message: '' }
  } catch (error) {
    const { ended } = process
    return ended ? { ...ended, message: '' } : faultReason(error)
  }
}

/** Nothing to do: the engine is small and instantiates in a few milliseconds. */
export const warmQuickJs = (): void => {}

interface Vm {
  vm: QuickJS
  /** What a promise was rejected with that nobody has handled yet. */
  unhandled(): string | null
}

const createVm = async (process: Process, module: WebAssembly.Module, paths: Paths): Promise<Vm> => {
  let asked = 0
  const rejected = new Map<number, string>()
  const vm = await QuickJS.create({
    wasm: module,
    maxStackSize: STACK_BYTES,
    timezoneOffset: 0,
    moduleLoader: createModuleLoader(paths, BUILTIN_EXPORTS),
    interruptHandler: () => {
      if (process.ended) return true
      if (++asked % LOOK_EVERY !== 0) return false
      const action = pendingSignal(process.objects)?.action
      return action === 'terminate' || (action === 'stop' && endsStopped(process))
    },
    onUnhandledRejection: (promise, reason, isHandled) => {
      if (isHandled) rejected.delete(promise.ptr)
      else rejected.set(promise.ptr, describeReason(reason))
    },
  })
  return { vm, unhandled: () => [...rejected.values()][0] ?? null }
}

/** A loop without calls can be stopped, too: it sleeps in here. Whether it was ended meanwhile. */
const endsStopped = (process: Process): boolean => {
  try {
    process.deliver()
  } catch {
    // Said again, and followed, where the engine's own frames have been left.
  }
  return process.ended !== null
}

const describeReason = (reason: JSValueHandle): string => {
  const stack = reason.isError ? `\n${reason.getProp('stack').toString().trimEnd()}` : ''
  return `Uncaught (in promise) ${reason.toString()}${stack}`
}

const runScript = ({ vm, unhandled }: Vm, process: Process, native: Native, script: Script): number => {
  const prelude = vm.evalCode(PRELUDE, '<prelude>')
  const tools = vm.callFunction(prelude, vm.getUndefined(), nativeObject(vm, native, createTrace(process)))
  const call = (name: string, ...args: JSValueHandle[]): JSValueHandle =>
    vm.callFunction(tools.getProp(name), vm.getUndefined(), ...args)
  const report = (text: string): number => {
    native.write(2, `${text}\n`)
    return 1
  }
  /** 0, or 1 when something was thrown and reported. */
  const guarded = (act: () => void): number => {
    try {
      act()
      return 0
    } catch (error) {
      if (process.ended) throw error
      // The interrupt handler has stopped the engine: the signal is followed here.
      process.deliver()
      if (error instanceof JSException) return report(call('inspect', error.handle).toString())
      throw error
    }
  }
  let module: JSValueHandle | undefined
  let code = guarded(() => {
    const result = vm.evalCode(
      script.code,
      script.name,
      script.isModule ? EvalFlags.TYPE_MODULE : EvalFlags.TYPE_GLOBAL,
    )
    if (!script.isModule) return
    // Its failure is reported once, from what `follow` has seen.
    vm.markPromiseHandled(result)
    module = call('follow', result)
  })
  /** What went wrong without anybody catching it, as text: a module's own promise first, for it is not reported twice. */
  const uncaught = (): string | null => {
    if (module?.getProp('failed').toBoolean()) return call('inspect', module.getProp('reason')).toString()
    return unhandled()
  }
  while (code === 0) {
    code = guarded(() => {
      vm.executePendingJobs()
      if (call('handle').toBoolean()) vm.executePendingJobs()
    })
    const reason = code === 0 ? uncaught() : null
    if (reason !== null) return report(reason)
    const wait = code === 0 ? call('next').toNumber() : -1
    if (wait < 0) break
    native.sleep(wait)
    code = guarded(() => {
      call('handle')
      call('fire')
    })
  }
  return code
}

/** The script, or the words to refuse with. */
const findScript = (process: Process, paths: Paths): Script | string => {
  const [, first, ...rest] = process.args
  if (first === undefined) return USAGE
  if (first === '-e') {
    const [code = '', ...args] = rest
    return { code, name: '<cmdline>', isModule: MODULE_SYNTAX.test(code), args: ['-e', ...args] }
  }
  const asModule = first === '-m' || first === '--module'
  const [path, ...args] = asModule ? rest : [first, ...rest]
  if (path === undefined || path.startsWith('-')) return USAGE
  const bytes = paths.readFile(path)
  if (typeof bytes === 'number') return `qjs: cannot open '${path}'\n`
  const code = new TextDecoder().decode(bytes)
  const isModule = asModule || path.endsWith('.mjs') || MODULE_SYNTAX.test(code)
  return { code, name: path, isModule, args: [path, ...args] }
}
