/** Locks, FIFOs, pseudo-terminals, semaphores, watches, one poll over all of them, and what a process may change of itself: in a browser. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Audit } from '../src/abi/audit.ts'
import { boot, type Finished, openSite, run, type Site } from './browser.ts'
import { readProgram } from './fixtures/programs.ts'

let site: Site

before(async () => {
  site = await openSite()
  await boot(site)
  const probe = await readProgram('probe')
  await site.page.evaluate(
    (list) => window.wasmrun.fs.writeFile('/usr/bin/probe', new Uint8Array(list)),
    [...probe],
  )
})
after(() => site?.close())

let scripts = 0
const put = (name: string, code: string): Promise<unknown> =>
  site.page.evaluate(({ path, code }) => window.wasmrun.fs.writeFile(path, code), {
    path: `/home/project/${name}`,
    code: `import * as os from 'qjs:os'\nimport * as std from 'qjs:std'\n${code}`,
  })
const script = async (code: string): Promise<Finished> => {
  const name = `objects-${scripts++}.js`
  await put(name, code)
  return run(site.page, 'qjs', [name])
}
const prints = async (code: string, expected: string): Promise<void> => {
  const { stdout, stderr } = await script(code)
  assert.equal(stderr, '')
  assert.equal(stdout, expected)
}
const audit = (): Promise<Audit> => site.page.evaluate(() => window.wasmrun.audit())

test('flock and range locks between processes: refused, waited for, let go of at death', async () => {
  await put(
    'holder.js',
    `const fd = os.open('lock', os.O_RDWR | os.O_CREAT)
     os.flock(fd, os.LOCK_EX)
     os.lock(fd, { type: 'exclusive', start: 10, length: 5 })
     print('ready')
     os.sleep(60000)`,
  )
  await prints(
    `const [reader, writer] = os.pipe()
     const holder = os.exec(['qjs', 'holder.js'], { block: false, stdout: writer })
     os.read(reader, new ArrayBuffer(6), 0, 6)
     const fd = os.open('lock', os.O_RDWR)
     print(os.flock(fd, os.LOCK_SH | os.LOCK_NB), os.lock(fd, { start: 0, length: 11, wait: false }))
     const { mode, start, end, pid } = os.testLock(fd, { start: 0, length: 0 })
     print(mode, start, end, pid === holder)
     print(os.lock(fd, { start: 0, length: 10, wait: false }))
     setTimeout(() => {}, 1)
     os.kill(holder, os.SIGKILL)
     print(os.flock(fd, os.LOCK_EX), os.lock(fd, { start: 0, length: 20 }))`,
    '-6 -6\n2 10 15 true\n0\n0 0\n',
  )
  assert.equal((await audit()).fileLocks, 0)
})

test('the umask is applied to files and folders, chmod changes them, and children inherit it', async () => {
  await prints(
    `print(os.umask().toString(8), os.umask(0o077).toString(8))
     os.close(os.open('masked', os.O_WRONLY | os.O_CREAT, 0o666))
     os.mkdir('masked-folder')
     print(os.mode('masked').toString(8), os.mode('masked-folder').toString(8))
     print(os.chmod('masked', 0o741), os.mode('masked').toString(8), os.chmod('nothing', 0o700))
     os.exec(['qjs', '-e', 'std = globalThis[Symbol.for("qjs:std")]; std.writeFile("by-child", "x")'])
     print(os.mode('by-child').toString(8))`,
    '22 22\n600 700\n0 741 -44\n600\n',
  )
})

test('a WASI program’s files get the umask of its parent', async () => {
  await prints(
    `os.umask(0o027)
     os.exec(['probe', 'append', 'by-probe', 'text'])
     print(os.mode('by-probe').toString(8))`,
    'by-probe has 5 bytes\n640\n',
  )
})

test('chdir moves relative paths and what children start in; getcwd says where', async () => {
  await prints(
    `os.mkdir('deep'); os.mkdir('deep/er')
     print(os.getcwd()[0], os.chdir('deep/er'), os.getcwd()[0])
     std.writeFile('here.txt', 'x')
     print(os.chdir('..'), os.getcwd()[0], os.readdir('er')[0].includes('here.txt'))
     print(os.chdir('nothing'), os.chdir('er/here.txt'))
     os.exec(['qjs', '-e', 'print(globalThis[Symbol.for("qjs:os")].getcwd()[0])'])`,
    '/home/project 0 /home/project/deep/er\n0 /home/project/deep true\n-44 -54\n/home/project/deep\n',
  )
})

test('statfs tells of the one store; fsync of a file of the project and of none', async () => {
  await prints(
    `const { block, size, free, nameMax } = os.statfs('.')
     print(block, nameMax, size > free, free > 2 ** 20, os.statfs('nothing'))
     const fd = os.open('synced', os.O_WRONLY | os.O_CREAT)
     const other = os.open('/tmp/other', os.O_WRONLY | os.O_CREAT)
     const [reader] = os.pipe()
     print(os.fsync(fd), os.fsync(other), os.fsync(reader))`,
    '4096 255 true true -44\n0 0 -28\n',
  )
})

test('a FIFO joins two programs by its name, and is ENXIO to a writer that would not wait', async () => {
  await prints(
    `print(os.mkfifo('pipe'), os.mkfifo('pipe'))
     print(os.open('pipe', os.O_WRONLY | os.O_NONBLOCK))
     const child = os.exec(['probe', 'append', 'pipe', 'through the name'], { block: false })
     const fd = os.open('pipe', os.O_RDONLY)
     const buffer = new ArrayBuffer(64)
     let text = ''
     for (let count; (count = os.read(fd, buffer, 0, 64)) > 0; ) text += String.fromCharCode(...new Uint8Array(buffer, 0, count))
     print(JSON.stringify(text))
     print(os.waitpid(child)[1])
     os.remove('pipe')`,
    '0 -20\n-60\npipe has 0 bytes\n"through the name\\n"\n0\n',
  )
})

test('a program in a pseudo-terminal: a session with a terminal of its own, ^C, size, raw mode, hang-up', async () => {
  await put(
    'inside.js',
    `const size = () => print(os.isatty(0), os.ttyGetWinSize(0).join('x'))
     size()
     os.signal(os.SIGINT, () => print('interrupted'))
     os.signal(os.SIGWINCH, size)
     os.signal(os.SIGHUP, () => { std.writeFile('hung-up', 'yes'); std.exit(3) })
     const raw = os.ttyGetAttr(0)
     print('line', std.in.getline())
     os.ttySetRaw(0)
     print('raw')
     const buffer = new ArrayBuffer(4)
     print('byte', os.read(0, buffer, 0, 1), new Uint8Array(buffer)[0])
     os.ttySetAttr(0, raw)
     print('cooked')
     setInterval(() => {}, 10)`,
  )
  await prints(
    `const [master, slave] = os.openpty(90, 30)
     const child = os.exec(['qjs', 'inside.js'], { block: false, session: true, stdin: slave, stdout: slave, stderr: slave })
     os.close(slave)
     const bytes = (text) => Uint8Array.from(text, (each) => each.charCodeAt(0)).buffer
     const say = (text) => os.write(master, bytes(text), 0, text.length)
     let seen = ''
     const until = (words) => {
       while (!seen.includes(words)) {
         const buffer = new ArrayBuffer(256)
         const count = os.read(master, buffer, 0, 256)
         if (count <= 0) throw new Error('no ' + words + ' in ' + JSON.stringify(seen) + ' ' + count)
         seen += String.fromCharCode(...new Uint8Array(buffer, 0, count))
       }
       const at = seen.indexOf(words) + words.length
       const before = seen.slice(0, at)
       seen = seen.slice(at)
       return JSON.stringify(before)
     }
     print(until('true 90x30\\r\\n'))
     say('ab\\x7fc\\r')
     print(until('line ac\\r\\n'))
     print(until('raw\\n'))
     say('\\x03')
     print(until('byte 1 3\\n'))
     print(until('cooked\\r\\n'))
     say('\\x03')
     print(until('interrupted\\r\\n'))
     os.ttySetWinSize(master, 100, 40)
     print(until('true 100x40\\r\\n'))
     os.close(master)
     print(os.waitpid(child)[1] >> 8, std.loadFile('hung-up'))`,
    [
      '"true 90x30\\r\\n"',
      '"ab\\b \\bc\\r\\nline ac\\r\\n"',
      '"raw\\n"',
      '"byte 1 3\\n"',
      '"cooked\\r\\n"',
      '"^Cinterrupted\\r\\n"',
      '"true 100x40\\r\\n"',
      '3 yes\n',
    ].join('\n'),
  )
})

test('named semaphores between processes: wait, post, time-out, unlink', async () => {
  await prints(
    `const made = os.semOpen('/turns', { create: true, value: 0 })
     const child = "const os = globalThis[Symbol.for('qjs:os')]; const s = os.semOpen('/turns'); print(os.semWait(s)); os.semPost(s)"
     const pid = os.exec(['qjs', '-e', child], { block: false })
     print(os.semWait(made, 0), os.semWait(made, 20), os.semValue(made))
     os.semPost(made)
     os.waitpid(pid)
     print(os.semWait(made), os.semUnlink('/turns'), os.semOpen('/turns'))`,
    '-6 -73 0\n0\n0 0 -44\n',
  )
  assert.equal((await audit()).semaphores, 0)
})

test('a watch tells what happens below a folder, by whoever does it', async () => {
  await prints(
    `os.mkdir('seen'); os.mkdir('seen/deep')
     std.writeFile('seen/old', '1')
     const fd = os.watch('seen')
     print(os.poll([[fd]], 0)[0])
     os.exec(['qjs', '-e', 'globalThis[Symbol.for("qjs:std")].writeFile("seen/deep/new", "x")'])
     std.writeFile('seen/old', 'longer')
     os.remove('seen/nothing')
     const found = new Map()
     while (found.size < 2) for (const { mask, path } of os.changes(fd)) found.set(path, mask)
     print(JSON.stringify([...found].sort()))
     os.remove('seen/old')
     print(JSON.stringify(os.changes(fd)), os.watch('seen/deep/new'), os.watch('nothing'))`,
    '0\n[["deep/new",1],["old",2]]\n[{"mask":4,"path":"old"}] -54 -44\n',
  )
  assert.equal((await audit()).watches, 0)
})

test('one poll over a pipe, a child, a master, a semaphore, a watch and a signal, in the order in which they come', async () => {
  await prints(
    `os.mkdir('polled')
     const [reader, writer] = os.pipe()
     const [master, slave] = os.openpty()
     const semaphore = os.semOpen('/polled', { create: true })
     const watch = os.watch('polled')
     const child = os.exec(['qjs', '-e', 'globalThis[Symbol.for("qjs:os")].sleep(30)'], { block: false })
     os.sigmask(1 << (os.SIGUSR1 - 1))
     const signals = os.signalfd(1 << (os.SIGUSR1 - 1))
     const all = [reader, master, semaphore, watch, os.pidfd(child), signals].map((fd) => [fd])
     const look = (timeout) => print(os.poll(all, timeout).map((each) => each & 1).join(''))
     look(0)
     os.waitpid(child)
     look(-1)
     os.kill(os.getpid(), os.SIGUSR1)
     look(-1)
     os.write(writer, new ArrayBuffer(1), 0, 1)
     os.semPost(semaphore)
     os.write(slave, new ArrayBuffer(1), 0, 1)
     look(-1)
     std.writeFile('polled/new', 'x')
     os.poll([[watch]], -1)
     look(-1)
     print(os.poll([[999], [writer, os.POLLOUT]]).join())
     os.semUnlink('/polled')`,
    '000000\n000010\n000011\n111011\n111111\n-8,2\n',
  )
})

test('the pulse ticks while it is wanted, and shows a signal without a call', async () => {
  const { stdout, stderr } = await script(
    `let heard = 0
     os.signal(os.SIGUSR1, () => heard++)
     print(os.pulseWant(3))
     const from = os.pulse().ticks
     while (os.pulse().ticks < from + 5);
     print('ticked')
     os.exec(['qjs', '-e', 'const os = globalThis[Symbol.for("qjs:os")]; print(os.kill(0, os.SIGUSR1))'])
     os.kill(os.getpid(), os.SIGUSR1)
     while (os.pulse().signals === 0);
     print('signalled', heard)
     os.pulseWant(0)`,
  )
  assert.equal(stderr, '')
  assert.match(stdout, /^0\nticked\n[\s\S]*signalled 0\n$/)
})

test('a process killed in the midst of all of it leaves nothing behind, and the files are sound', async () => {
  const before = await audit()
  await put(
    'hoard.js',
    `os.mkfifo('hoard-fifo')
     const made = [os.openpty(), os.openpty(), os.watch('.'), os.pidfd(os.getpid())]
     const fd = os.open('hoard', os.O_RDWR | os.O_CREAT)
     os.flock(fd, os.LOCK_EX)
     for (let at = 0; at < 50; at++) os.lock(fd, { start: at * 2, length: 1 })
     os.semOpen('/hoard', { create: true })
     os.semUnlink('/hoard')
     os.exec(['qjs', '-e', 'const os = globalThis[Symbol.for("qjs:os")]; os.flock(os.open("hoard", os.O_RDWR), os.LOCK_EX)'], { block: false })
     print('ready')
     os.open('hoard-fifo', os.O_RDONLY)`,
  )
  await site.page.evaluate(async () => {
    const child = await window.wasmrun.spawn('qjs', ['hoard.js'])
    const reader = child.stdout.getReader()
    await reader.read()
    await new Promise((resolve) => setTimeout(resolve, 50))
    await child.kill('SIGKILL')
    await child.exit
  })
  for (;;) {
    const now = await audit()
    if (now.processes === before.processes && now.threads.parked + now.threads.running === 0) break
    await site.page.evaluate(async () => {
      const { processes } = window.wasmrun
      for (const { pid } of await processes.list()) await processes.kill(pid, 'SIGKILL').catch(() => {})
      await new Promise((resolve) => setTimeout(resolve, 50))
    })
  }
  const { openFiles, pipes, terminals, fileLocks, semaphores, watches, pins } = await audit()
  assert.deepEqual(
    { openFiles, pipes, terminals, fileLocks, semaphores, watches, pins },
    {
      openFiles: before.openFiles,
      pipes: before.pipes,
      terminals: before.terminals,
      fileLocks: before.fileLocks,
      semaphores: before.semaphores,
      watches: before.watches,
      pins: before.pins,
    },
  )
  await site.page.evaluate(() => window.wasmrun.fs.rm('/home/project/hoard-fifo'))
})
