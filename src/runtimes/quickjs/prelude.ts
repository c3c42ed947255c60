/**
 * What a script finds in its global object besides ECMAScript: console, print, timers, queueMicrotask, scriptArgs, and the modules
 * `qjs:std` and `qjs:os` in the names of QuickJS's own command. It is JavaScript for QuickJS, evaluated once before the script;
 * `native` are the functions of native.ts and stays in its closure.
 */

/** Exports of the built-in modules, for the module loader. */
export const BUILTIN_EXPORTS = {
  'qjs:std': 'exit loadFile writeFile getenv getenviron puts printf sprintf gc in out err'.split(' '),
  'qjs:os': (
    'now sleep readdir mkdir remove rename getcwd setTimeout clearTimeout platform isatty exec waitpid kill pipe dup dup2 ' +
    'read write close getpid signal sigmask signalfd getpgid getsid setpgid setsid tcgetpgrp tcsetpgrp dupFrom closeOnExec ' +
    'WNOHANG WUNTRACED WCONTINUED SIGHUP SIGINT SIGQUIT SIGUSR1 SIGUSR2 SIGTERM SIGKILL SIGPIPE SIGCHLD SIGCONT SIGSTOP SIGTSTP ' +
    'SIGTTIN SIGTTOU SIGWINCH open fsync flock lock testLock umask chmod chdir statfs mkfifo openpty setControllingTerminal semOpen ' +
    'semPost semWait semValue semUnlink watch changes pidfd poll ttyGetAttr ttySetAttr ttySetRaw ttyGetWinSize ttySetWinSize ' +
    'pulseWant pulse mode O_RDONLY O_WRONLY O_RDWR O_CREAT O_EXCL O_TRUNC O_APPEND O_NONBLOCK LOCK_SH LOCK_EX LOCK_NB LOCK_UN ' +
    'POLLIN POLLOUT CHANGE_CREATED CHANGE_MODIFIED CHANGE_REMOVED CHANGE_GONE CHANGE_OVERFLOW'
  ).split(' '),
}

export const PRELUDE = String.raw`(native) => {
  const inspect = (value, depth = 0, seen = []) => {
    if (typeof value === 'string') return depth === 0 ? value : JSON.stringify(value)
    if (typeof value === 'bigint') return value + 'n'
    if (typeof value === 'symbol') return value.toString()
    if (typeof value === 'function') return '[Function' + (value.name ? ': ' + value.name : '') + ']'
    if (value === null || typeof value !== 'object') return Object.is(value, -0) ? '-0' : String(value)
    if (seen.includes(value)) return '[Circular]'
    if (value instanceof Error) {
      const head = String(value)
      const stack = value.stack ? '\n' + value.stack.trimEnd() : ''
      return head + stack + (value.cause === undefined ? '' : '\n[cause]: ' + inspect(value.cause, depth + 1, [...seen, value]))
    }
    if (value instanceof Date) return isNaN(value) ? 'Invalid Date' : value.toISOString()
    if (value instanceof RegExp) return String(value)
    if (value instanceof Promise) return 'Promise {}'
    const within = (each) => inspect(each, depth + 1, [...seen, value])
    const more = (list, total) => (total > 100 ? [...list, '… ' + (total - 100) + ' more'] : list)
    const wrap = (open, list, close) => {
      if (list.length === 0) return open + close
      const line = open + ' ' + list.join(', ') + ' ' + close
      if (line.length + depth * 2 <= 76 && !line.includes('\n')) return line
      const pad = '  '.repeat(depth + 1)
      return open + '\n' + pad + list.join(',\n' + pad) + '\n' + '  '.repeat(depth) + close
    }
    const name = value.constructor?.name
    const prefix = name && name !== 'Object' && name !== 'Array' ? name + ' ' : ''
    if (depth > 3) return Array.isArray(value) ? '[Array]' : '[' + (name || 'Object') + ']'
    if (Array.isArray(value) || ArrayBuffer.isView(value)) {
      const size = ArrayBuffer.isView(value) ? prefix.trim() + '(' + value.length + ') ' : prefix
      return size + wrap('[', more(Array.from(value.length > 100 ? value.slice(0, 100) : value, within), value.length), ']')
    }
    if (value instanceof Map)
      return 'Map(' + value.size + ') ' + wrap('{', [...value].slice(0, 100).map(([k, v]) => within(k) + ' => ' + within(v)), '}')
    if (value instanceof Set) return 'Set(' + value.size + ') ' + wrap('{', [...value].slice(0, 100).map(within), '}')
    const key = (k) => (typeof k === 'symbol' ? '[' + k.toString() + ']' : /^[\w$]+$/.test(k) ? k : JSON.stringify(k))
    const own = Reflect.ownKeys(value).filter((k) => Object.getOwnPropertyDescriptor(value, k).enumerable)
    const entry = (k) => {
      const { get, set, value: v } = Object.getOwnPropertyDescriptor(value, k)
      return key(k) + ': ' + (get || set ? '[Getter/Setter]' : within(v))
    }
    return prefix + wrap('{', more(own.slice(0, 100).map(entry), own.length), '}')
  }
  const sprintf = (form, ...args) => {
    let next = 0
    return String(form).replace(/%([-+0 ]*)(\d+)?(?:\.(\d+))?([sdifjoOcxXeEgG%])/g, (all, flags, width, precision, kind) => {
      if (kind === '%') return '%'
      if (next >= args.length) return all
      const arg = args[next++]
      let text
      if (kind === 's') text = typeof arg === 'string' ? arg : inspect(arg, 1)
      else if (kind === 'd' || kind === 'i') text = typeof arg === 'bigint' ? String(arg) : String(Math.trunc(Number(arg)))
      else if (kind === 'f') text = precision === undefined ? String(Number(arg)) : Number(arg).toFixed(precision)
      else if (kind === 'j') text = JSON.stringify(arg)
      else if (kind === 'x') text = Number(arg).toString(16)
      else if (kind === 'X') text = Number(arg).toString(16).toUpperCase()
      else if (kind === 'e' || kind === 'E') text = Number(arg).toExponential(precision)
      else if (kind === 'g' || kind === 'G') text = String(Number(arg))
      else if (kind === 'c') text = ''
      else text = inspect(arg, 1)
      if (kind === 's' && precision !== undefined) text = text.slice(0, precision)
      if (width !== undefined) text = flags.includes('-') ? text.padEnd(width) : text.padStart(width, flags.includes('0') ? '0' : ' ')
      return text
    })
  }
  const format = (args) => {
    if (typeof args[0] !== 'string' || !args[0].includes('%')) return args.map((each) => inspect(each)).join(' ')
    const used = (args[0].match(/%[-+0 ]*\d*(?:\.\d+)?[sdifjoOc]/g) ?? []).length
    return [sprintf(...args.slice(0, used + 1)), ...args.slice(used + 1).map((each) => inspect(each))].join(' ')
  }
  let indent = ''
  const say = (fd, args) => void native.write(fd, (indent + format(args)).replaceAll('\n', '\n' + indent) + '\n')
  const counts = new Map()
  const times = new Map()
  globalThis.console = {
    log: (...args) => say(1, args), info: (...args) => say(1, args), debug: (...args) => say(1, args),
    error: (...args) => say(2, args), warn: (...args) => say(2, args),
    trace: (...args) => say(2, ['Trace:', ...args, '\n' + new Error().stack]),
    assert: (truth, ...args) => { if (!truth) say(2, ['Assertion failed' + (args.length ? ':' : ''), ...args]) },
    dir: (value) => say(1, [inspect(value)]),
    table: (rows) => say(1, [inspect(rows)]),
    group: (...args) => { if (args.length) say(1, args); indent += '  ' },
    groupEnd: () => { indent = indent.slice(2) },
    count: (label = 'default') => { counts.set(label, (counts.get(label) ?? 0) + 1); say(1, [label + ': ' + counts.get(label)]) },
    countReset: (label = 'default') => void counts.delete(label),
    time: (label = 'default') => void times.set(label, native.now()),
    timeLog: (label = 'default') => say(1, [label + ': ' + (native.now() - times.get(label)).toFixed(3) + 'ms']),
    timeEnd: (label = 'default') => { console.timeLog(label); times.delete(label) },
  }
  globalThis.print = (...args) => void native.write(1, args.map(String).join(' ') + '\n')
  globalThis.scriptArgs = JSON.parse(native.args())
  const timers = new Map()
  const handlers = new Map()
  let lastTimer = 0
  const arm = (callback, delay, args, every) => {
    if (typeof callback !== 'function') throw new TypeError('a timer needs a function')
    const wait = Math.max(1, Number(delay) || 0)
    timers.set(++lastTimer, { callback, args, at: native.now() + wait, every: every ? wait : 0 })
    return lastTimer
  }
  globalThis.setTimeout = (callback, delay, ...args) => arm(callback, delay, args, false)
  globalThis.setInterval = (callback, delay, ...args) => arm(callback, delay, args, true)
  globalThis.clearTimeout = globalThis.clearInterval = (id) => void timers.delete(id)
  globalThis.queueMicrotask ??= (callback) => void Promise.resolve().then(callback)
  const failed = (what, result) => { if (typeof result === 'number' && result < 0) throw new Error(what + ': ' + native.words(-result)) ; return result }
  const stream = (fd) => ({
    puts: (text) => void native.write(fd, String(text)),
    printf: (...args) => void native.write(fd, sprintf(...args)),
    getline: () => native.readLine(fd),
    readAsString: () => native.readAll(fd),
    flush: () => {},
    fileno: () => fd,
  })
  const std = {
    exit: (code = 0) => native.exit(code),
    loadFile: (path) => native.readFile(String(path)),
    writeFile: (path, text) => void failed(path, native.writeFile(String(path), String(text))),
    getenv: (name) => JSON.parse(native.env())[name],
    getenviron: () => JSON.parse(native.env()),
    puts: (text) => void native.write(1, String(text)),
    printf: (...args) => void native.write(1, sprintf(...args)),
    sprintf, gc: () => {}, in: stream(0), out: stream(1), err: stream(2),
  }
  const os = {
    now: () => native.now() * 1000,
    sleep: (milliseconds) => void native.sleep(Number(milliseconds)),
    readdir: (path) => { const list = native.list(String(path)); return typeof list === 'number' ? [[], -list] : [JSON.parse(list), 0] },
    mkdir: (path) => native.mkdir(String(path)), remove: (path) => native.remove(String(path)),
    rename: (from, to) => native.rename(String(from), String(to)), getcwd: () => [native.cwd(), 0],
    exec: (args, { block = true, cwd = null, env = null, stdin = 0, stdout = 1, stderr = 2, argv0, group, session, foreground, ignored, blocked, replace } = {}) => {
      const streams = [stdin, stdout, stderr]
      const pid = native.exec(JSON.stringify({ args: args.map(String), cwd, env, streams, argv0, group, session, foreground, ignored, blocked, replace }))
      if (pid < 0) throw Object.assign(new Error(args[0] + ': ' + native.words(-pid)), { errno: -pid, status: pid === -44 ? 127 : 126 })
      if (!block) return pid
      let [result, status] = os.waitpid(pid)
      while (result === -27) [result, status] = os.waitpid(pid)
      return status & 0x7f ? -(status & 0x7f) : status >> 8
    },
    waitpid: (pid, options = 0) => {
      const { result, status } = JSON.parse(native.waitpid(pid, options))
      return [result, status]
    },
    kill: (pid, signal) => native.kill(pid, signal),
    pipe: () => { const { result, reader, writer } = JSON.parse(native.pipe()); return result < 0 ? null : [reader, writer] },
    dup: (fd) => native.dup(fd), dup2: (from, to) => native.dup2(from, to), close: (fd) => native.close(fd), getpid: () => native.pid(),
    read: (fd, buffer, offset, length) => {
      const bytes = native.read(fd, length)
      if (typeof bytes === 'number') return bytes
      // Bytes cross as an ArrayBuffer.
      new Uint8Array(buffer, offset, bytes.byteLength).set(new Uint8Array(bytes))
      return bytes.byteLength
    },
    write: (fd, buffer, offset, length) => native.writeBytes(fd, buffer.slice(offset, offset + length)),
    // A function, null (ignore) or undefined (default). Functions run between jobs.
    signal: (number, handler) => {
      const isFunction = typeof handler === 'function'
      failed('signal', native.disposition(number, isFunction ? 2 : handler === null ? 1 : 0))
      if (isFunction) handlers.set(number, handler)
      else handlers.delete(number)
    },
    sigmask: (mask) => native.block(mask), signalfd: (mask) => native.signalfd(mask),
    getpgid: (pid = 0) => native.getpgid(pid), getsid: (pid = 0) => native.getsid(pid), setsid: () => native.setsid(),
    setpgid: (pid, group) => native.setpgid(pid, group),
    tcgetpgrp: (fd) => native.tcgetpgrp(fd), tcsetpgrp: (fd, group) => native.tcsetpgrp(fd, group),
    dupFrom: (fd, from) => native.dupFrom(fd, from), closeOnExec: (fd, on) => native.closeOnExec(fd, on),
    WNOHANG: 1, WUNTRACED: 2, WCONTINUED: 8, SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGKILL: 9, SIGUSR1: 10, SIGUSR2: 12, SIGPIPE: 13,
    SIGTERM: 15, SIGCHLD: 17, SIGCONT: 18, SIGSTOP: 19, SIGTSTP: 20, SIGTTIN: 21, SIGTTOU: 22, SIGWINCH: 28,
    open: (path, flags = 0, mode = 0o666) => native.open(String(path), flags, mode), fsync: (fd) => native.fsync(fd),
    flock: (fd, operation) => native.flock(fd, operation),
    // { type: 'shared', 'exclusive' or 'unlock', start, length (0: to the end), wait }
    lock: (fd, { type = 'exclusive', start = 0, length = 0, wait = true } = {}) =>
      native.lock(fd, JSON.stringify({ type, start, length, wait })),
    testLock: (fd, { type = 'exclusive', start = 0, length = 0 } = {}) => {
      const { result, held } = JSON.parse(native.testLock(fd, JSON.stringify({ type, start, length, wait: false })))
      return result < 0 ? result : held
    },
    umask: (mask = -1) => native.umask(mask), chmod: (path, mode) => native.chmod(String(path), mode),
    mode: (path) => native.mode(String(path)), chdir: (path) => native.chdir(String(path)),
    statfs: (path) => { const { result, ...facts } = JSON.parse(native.statfs(String(path))); return result < 0 ? result : facts },
    mkfifo: (path, mode = 0o666) => native.mkfifo(String(path), mode),
    openpty: (columns = 80, rows = 24) => { const { result, master, slave } = JSON.parse(native.openpty(columns, rows)); return result < 0 ? null : [master, slave] },
    setControllingTerminal: (fd) => native.setControllingTerminal(fd),
    semOpen: (name, { create = false, exclusive = false, value = 0 } = {}) => native.semOpen(String(name), create, exclusive, value),
    semPost: (fd) => native.semPost(fd), semWait: (fd, timeout = -1) => native.semWait(fd, timeout),
    semValue: (fd) => native.semValue(fd), semUnlink: (name) => native.semUnlink(String(name)),
    watch: (path) => native.watch(String(path)),
    changes: (fd) => { const { result, changes } = JSON.parse(native.changes(fd)); return result < 0 ? result : changes },
    pidfd: (pid) => native.pidfd(pid),
    // [[fd, POLLIN or POLLOUT], …] and milliseconds (below 0: for ever): for each what is ready, 0 for nothing, -errno.
    poll: (list, timeout = -1) => {
      const asked = list.map(([fd, events = 1]) => ({ fd, write: events === 2 }))
      const { result, entries } = JSON.parse(native.poll(JSON.stringify(asked), timeout))
      return result < 0 ? result : entries.map(([ready, error]) => error ? -error : ready)
    },
    ttyGetAttr: (fd) => { const found = native.termios(fd); return typeof found === 'number' ? found : JSON.parse(found) },
    ttySetAttr: (fd, termios) => native.setTermios(fd, JSON.stringify(termios)), ttySetRaw: (fd) => native.setRaw(fd),
    ttyGetWinSize: (fd) => { const found = native.winsize(fd); if (typeof found === 'number') return null; const { columns, rows } = JSON.parse(found); return [columns, rows] },
    ttySetWinSize: (fd, columns, rows) => native.setWinsize(fd, columns, rows),
    pulseWant: (wish) => native.pulseWant(wish), pulse: () => JSON.parse(native.pulse()),
    O_RDONLY: 0, O_WRONLY: 1, O_RDWR: 2, O_CREAT: 64, O_EXCL: 128, O_TRUNC: 512, O_APPEND: 1024, O_NONBLOCK: 2048,
    LOCK_SH: 1, LOCK_EX: 2, LOCK_NB: 4, LOCK_UN: 8, POLLIN: 1, POLLOUT: 2,
    CHANGE_CREATED: 1, CHANGE_MODIFIED: 2, CHANGE_REMOVED: 4, CHANGE_GONE: 8, CHANGE_OVERFLOW: 16,
    setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout, platform: 'wasi', isatty: (fd) => native.isTerminal(fd),
  }
  for (const [name, value] of [['qjs:std', std], ['qjs:os', os]])
    Object.defineProperty(globalThis, Symbol.for(name), { value, enumerable: false })
  return {
    inspect: (value) => (value instanceof Error ? '' : 'Uncaught ') + inspect(value, value instanceof Error ? 0 : 1),
    // What a module's promise was rejected with, once it was.
    follow: (promise) => {
      const state = { failed: false, reason: undefined }
      promise.then(() => {}, (reason) => Object.assign(state, { failed: true, reason }))
      return state
    },
    // Runs the handlers of signals that came; whether there were any.
    handle: () => {
      if (handlers.size === 0) return false
      const caught = JSON.parse(native.caught())
      for (const number of caught) handlers.get(number)?.(number)
      return caught.length > 0
    },
    // Milliseconds until the next timer is due, or -1 when there is none.
    next: () => timers.size === 0 ? -1 : Math.max(0, Math.min(...[...timers.values()].map(({ at }) => at)) - native.now()),
    fire: () => {
      const now = native.now()
      const [id, timer] = [...timers].filter(([, { at }]) => at <= now).sort((a, b) => a[1].at - b[1].at)[0] ?? []
      if (!timer) return
      if (timer.every) timer.at = now + timer.every
      else timers.delete(id)
      timer.callback(...timer.args)
    },
  }
}`
