import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ERRNO } from '../abi/errno.ts'
import { decode, encode, type Run, SUBJECTS, short } from './contract.ts'
import { emptyStat } from './files.ts'
import { byteText } from './reference-world.ts'
import { KIND, OPEN, WALK } from './types.ts'

const paths = (run: Run): void => {
  run('an empty path is ENOENT, a NUL is EINVAL, broken UTF-8 is EILSEQ', ({ vfs }) => {
    const look = (text: string): number => vfs.lookup(vfs.root, byteText(text).bytes, 0, text.length, 0)
    assert.equal(look(''), -ERRNO.NOENT)
    assert.equal(look('a\0b'), -ERRNO.INVAL)
    for (const bad of [
      '\xff',
      '\xc0\xaf',
      '\xe0\x80\xaf',
      '\xed\xa0\x80',
      '\xf4\x90\x80\x80',
      'a\xc3',
      '\x80',
      '\xf5\x80\x80\x80',
    ])
      assert.equal(look(bad), -ERRNO.ILSEQ, JSON.stringify(bad))
    for (const good of [
      '\xc3\xa9',
      '\xe2\x82\xac',
      '\xf0\x9f\x90\x8d',
      '\xf4\x8f\xbf\xbf',
      '\xed\x9f\xbf',
      '\xee\x80\x80',
    ])
      assert.equal(look(good), -ERRNO.NOENT, JSON.stringify(good))
  })
  run('names end at 255 bytes and paths at 4095', (_subject, { lookup, mkdir }) => {
    assert.equal(mkdir('n'.repeat(255)), 0)
    assert.equal(mkdir('n'.repeat(256)), -ERRNO.NAMETOOLONG)
    assert.equal(mkdir('é'.repeat(128)), -ERRNO.NAMETOOLONG)
    assert.ok(lookup('./'.repeat(2047)) > 0)
    assert.equal(lookup('./'.repeat(2048)), -ERRNO.NAMETOOLONG)
  })
  run('dots, double slashes and the parent of the root', ({ vfs, files }, { lookup }) => {
    files.mkdir('/a/b', { recursive: true })
    assert.equal(lookup('//a/.//b/../../a/b'), lookup('/a/b'))
    assert.equal(lookup('/../../a'), lookup('/a'))
    assert.equal(lookup('/'), vfs.root)
    assert.equal(lookup('a/nothing/..'), -ERRNO.NOENT)
  })
  run('a trailing slash demands a directory', ({ files }, { lookup, open, mkdir, unlink, symlink, link }) => {
    files.writeFile('/f', encode('x'))
    files.mkdir('/d')
    assert.equal(lookup('f/'), -ERRNO.NOTDIR)
    assert.equal(lookup('f/x'), -ERRNO.NOTDIR)
    assert.ok(lookup('d/') > 0)
    assert.equal(open('new/', OPEN.CREATE), -ERRNO.ISDIR)
    assert.equal(mkdir('new/'), 0)
    assert.equal(unlink('f/'), -ERRNO.NOTDIR)
    assert.equal(symlink('f', 'link/'), -ERRNO.NOENT)
    assert.equal(link('f', 'link/'), -ERRNO.NOENT)
  })
  run('nothing leads out of a walk that stays beneath', ({ files }, { lookup, symlink }) => {
    files.mkdir('/jail/in', { recursive: true })
    files.writeFile('/secret', encode('s'))
    symlink('/secret', 'jail/absolute')
    symlink('../secret', 'jail/up')
    symlink('in/../../secret', 'jail/sly')
    symlink('in/..', 'jail/fine')
    const jail = lookup('jail')
    const look = (name: string): number => lookup(name, WALK.BENEATH | WALK.FOLLOW, jail)
    for (const name of ['..', '../secret', '/secret', 'in/../..', 'absolute', 'up', 'sly', 'in/../up/x'])
      assert.equal(look(name), -ERRNO.NOTCAPABLE, name)
    assert.equal(look('in/..'), jail)
    assert.equal(look('fine/in'), lookup('jail/in'))
    assert.ok(lookup('up', WALK.BENEATH, jail) > 0)
  })
}

const names = (run: Run): void => {
  run('a FIFO is a name like any other, which opens and has no bytes', ({ vfs, files }, calls) => {
    const mkfifo = (name: string): number =>
      vfs.mkfifo(vfs.root, encode(name), 0, encode(name).length, 0, 0o640)
    assert.equal(mkfifo('f'), 0)
    assert.equal(mkfifo('f'), -ERRNO.EXIST)
    assert.equal(mkfifo('g/'), -ERRNO.NOENT)
    assert.equal(mkfifo('dev/f'), -ERRNO.ROFS)
    const { kind, mode, links, size } = files.stat('/f')
    assert.deepEqual([kind, mode, links, size], [KIND.FIFO, 0o640, 1, 0])
    const inode = calls.open('f', OPEN.WRITE | OPEN.CREATE | OPEN.TRUNCATE)
    assert.equal(inode, calls.lookup('f'))
    vfs.unpin(inode)
    assert.equal(calls.mkdir('f/x'), -ERRNO.NOTDIR)
    assert.equal(calls.rename('f', 'moved'), 0)
    assert.equal(calls.link('moved', 'second'), 0)
    assert.equal(calls.unlink('moved'), 0)
    assert.equal(files.stat('/second').links, 1)
    assert.equal(calls.unlink('second'), 0)
  })
  run('backslashes, newlines and unicode are ordinary names', ({ files }) => {
    for (const name of ['a\\b', 'a\nb', 'é', '🐍', ' ', '-', 'x'.repeat(255)]) {
      files.writeFile(`/${name}`, encode(name))
      assert.equal(decode(files.readFile(`/${name}`)), name)
    }
    const listed = files.readdir('/').map((entry) => entry.name)
    assert.ok(listed.includes('🐍') && listed.includes('a\nb'))
  })
  run('making and removing say what is in the way', ({ files }, { mkdir, rmdir, unlink, lookup }) => {
    files.mkdir('/d/e', { recursive: true })
    files.writeFile('/f', encode(''))
    assert.equal(mkdir('d'), -ERRNO.EXIST)
    assert.equal(mkdir('f'), -ERRNO.EXIST)
    assert.equal(mkdir('.'), -ERRNO.EXIST)
    assert.equal(mkdir('x/y'), -ERRNO.NOENT)
    assert.equal(rmdir('d'), -ERRNO.NOTEMPTY)
    assert.equal(rmdir('f'), -ERRNO.NOTDIR)
    assert.equal(rmdir('d/e/.'), -ERRNO.INVAL)
    assert.equal(rmdir('d/e/..'), -ERRNO.NOTEMPTY)
    assert.equal(rmdir('/'), -ERRNO.BUSY)
    assert.equal(rmdir('tmp'), -ERRNO.BUSY)
    assert.equal(unlink('d'), -ERRNO.ISDIR)
    assert.equal(unlink('g'), -ERRNO.NOENT)
    assert.equal(rmdir('d/e'), 0)
    assert.equal(lookup('d/e'), -ERRNO.NOENT)
  })
  run('open creates, refuses, and cuts as its flags say', ({ vfs, files }, { open, symlink }) => {
    assert.equal(open('f'), -ERRNO.NOENT)
    const file = open('f', OPEN.CREATE | OPEN.EXCLUSIVE | OPEN.WRITE)
    assert.equal(vfs.write(file, 0, encode('hello'), 0, 5), 5)
    assert.equal(open('f', OPEN.CREATE | OPEN.EXCLUSIVE), -ERRNO.EXIST)
    assert.equal(open('f', OPEN.DIRECTORY), -ERRNO.NOTDIR)
    assert.equal(open('tmp', OPEN.WRITE), -ERRNO.ISDIR)
    assert.equal(open('x', OPEN.CREATE | OPEN.DIRECTORY), -ERRNO.INVAL)
    assert.equal(open('f', OPEN.TRUNCATE | OPEN.WRITE), file)
    assert.equal(vfs.size(file), 0)
    symlink('made', 'dangling')
    assert.equal(open('dangling', OPEN.CREATE | OPEN.EXCLUSIVE), -ERRNO.EXIST)
    assert.equal(open('dangling', 0, 0), -ERRNO.LOOP)
    assert.ok(open('dangling', OPEN.CREATE) > 0)
    assert.ok(files.exists('/made'))
  })
  run('an unlinked file lives as long as it is open', ({ vfs, files }, { open, unlink, lookup }) => {
    files.writeFile('/f', encode('still here'))
    const file = open('f')
    assert.equal(unlink('f'), 0)
    const target = new Uint8Array(20)
    assert.equal(decode(target.subarray(0, vfs.read(file, 0, target, 0, 20))), 'still here')
    assert.equal(vfs.write(file, -1, encode('!'), 0, 1), 1)
    const out = emptyStat()
    vfs.stat(file, out)
    assert.deepEqual([out.links, out.size], [0, 11])
    vfs.unpin(file)
    assert.equal(lookup('f'), -ERRNO.NOENT)
    assert.equal(vfs.stat(file, out), -ERRNO.NOENT)
  })
  run('a removed directory that is open is empty and takes nothing', ({ vfs }, { mkdir, open, rmdir }) => {
    mkdir('d')
    const directory = open('d', OPEN.DIRECTORY)
    assert.equal(rmdir('d'), 0)
    assert.equal(vfs.mkdir(directory, encode('x'), 0, 1, 0, 0o755), -ERRNO.NOENT)
    assert.equal(vfs.open(directory, encode('x'), 0, 1, 0, OPEN.CREATE, 0o644), -ERRNO.NOENT)
    assert.equal(vfs.lookup(directory, encode('..'), 0, 2, 0), -ERRNO.NOENT)
    assert.equal(vfs.path(directory), undefined)
    vfs.unpin(directory)
  })
  run('a removed directory that is open still has its dots, both of them directories', ({ vfs }, calls) => {
    assert.equal(calls.mkdir('/gone'), 0)
    const directory = calls.open('/gone')
    assert.equal(calls.rmdir('/gone'), 0)
    const seen: string[] = []
    vfs.readdir(directory, 0, (_next, _inode, kind, name) => {
      seen.push(`${kind} ${decode(name)}`)
      return true
    })
    assert.deepEqual(seen, [`${KIND.DIRECTORY} .`, `${KIND.DIRECTORY} ..`])
    vfs.unpin(directory)
  })
  run('cookies stay good while entries come and go', ({ vfs, files }, { lookup, unlink }) => {
    files.mkdir('/d')
    for (let index = 0; index < 200; index++) files.writeFile(`/d/${index}`, encode(''))
    const directory = lookup('d')
    const seen: string[] = []
    let cookie = 2
    for (let round = 0; round < 100 && cookie >= 0; round++) {
      let count = 0
      const before = cookie
      vfs.readdir(directory, cookie, (next, _inode, _kind, name) => {
        seen.push(decode(name))
        cookie = next
        return ++count < 7
      })
      if (cookie === before) break
      for (const name of seen.slice(-count)) if (Number(name) % 3) unlink(`d/${name}`)
      files.writeFile(`/d/late${round}`, encode(''))
    }
    assert.equal(new Set(seen).size, seen.length)
    for (let index = 0; index < 200; index++) assert.ok(seen.includes(String(index)), `${index} was seen`)
  })
}

const links = (run: Run): void => {
  run('symbolic links are followed, forty at most', (_subject, { symlink, lookup, mkdir }) => {
    mkdir('d')
    symlink('d', 'l0')
    for (let index = 1; index < 45; index++) symlink(`l${index - 1}`, `l${index}`)
    assert.equal(lookup('l39'), lookup('d'))
    assert.equal(lookup('l40'), -ERRNO.LOOP)
    symlink('circle', 'circle')
    assert.equal(lookup('circle'), -ERRNO.LOOP)
    assert.ok(lookup('circle', 0) > 0)
    assert.equal(lookup('circle/', 0), -ERRNO.LOOP)
  })
  run('a symbolic link keeps its target as it was given', ({ vfs, files }, { symlink, lookup }) => {
    for (const target of ['../x//y/', 'é', 't'.repeat(4095)]) {
      assert.equal(symlink(target, 'l'), 0)
      assert.equal(files.readlink('/l'), target)
      assert.equal(files.lstat('/l').size, encode(target).length)
      files.rm('/l')
    }
    assert.equal(symlink('t'.repeat(4096), 'l'), -ERRNO.NAMETOOLONG)
    assert.equal(symlink('', 'l'), -ERRNO.NOENT)
    symlink('target', 'l')
    const few = new Uint8Array(3)
    assert.equal(vfs.readlink(lookup('l', 0), few, 0, 3), 3)
    assert.equal(decode(few), 'tar')
    assert.equal(vfs.readlink(vfs.root, few, 0, 3), -ERRNO.INVAL)
  })
  run('hard links share one file', ({ files }, { link, symlink, lookup, stat }) => {
    files.writeFile('/a', encode('one'))
    assert.equal(link('a', 'b'), 0)
    files.writeFile('/b', encode('two'))
    assert.equal(decode(files.readFile('/a')), 'two')
    assert.equal(stat(lookup('a')).links, 2)
    assert.equal(link('a', 'b'), -ERRNO.EXIST)
    assert.equal(link('tmp', 'c'), -ERRNO.PERM)
    assert.equal(link('a', 'tmp/a'), -ERRNO.XDEV)
    symlink('a', 'l')
    assert.equal(link('l', 'm'), 0)
    assert.equal(files.lstat('/m').kind, KIND.SYMLINK)
    assert.equal(link('l', 'n', WALK.FOLLOW), 0)
    assert.equal(files.lstat('/n').kind, KIND.FILE)
    files.rm('/a')
    assert.equal(decode(files.readFile('/b')), 'two')
  })
}

const renames = (run: Run): void => {
  run('rename replaces a file and an empty directory, and nothing else', ({ files }, { rename, lookup }) => {
    files.writeFile('/a', encode('a'))
    files.writeFile('/b', encode('b'))
    files.mkdir('/d/e', { recursive: true })
    files.mkdir('/empty')
    const inode = lookup('a')
    assert.equal(rename('a', 'b'), 0)
    assert.equal(lookup('b'), inode)
    assert.equal(lookup('a'), -ERRNO.NOENT)
    assert.equal(rename('b', 'd'), -ERRNO.ISDIR)
    assert.equal(rename('d', 'b'), -ERRNO.NOTDIR)
    assert.equal(rename('empty', 'd'), -ERRNO.NOTEMPTY)
    assert.equal(rename('d', 'empty'), 0)
    assert.ok(lookup('empty/e') > 0)
    assert.equal(rename('b', 'c/'), -ERRNO.NOTDIR)
    assert.equal(rename('empty/', 'd/'), 0)
  })
  run('rename knows circles, mounts and the same file', ({ files }, { rename, link, lookup }) => {
    files.mkdir('/d/e/f', { recursive: true })
    files.writeFile('/a', encode('a'))
    link('a', 'b')
    assert.equal(rename('d', 'd/e/f/g'), -ERRNO.INVAL)
    assert.equal(rename('d', 'd'), 0)
    assert.equal(rename('d/e', 'd'), -ERRNO.NOTEMPTY)
    assert.equal(rename('a', 'b'), 0)
    assert.equal(lookup('a'), lookup('b'))
    assert.equal(rename('a', 'tmp/a'), -ERRNO.XDEV)
    assert.equal(rename('tmp', 'other'), -ERRNO.BUSY)
    assert.equal(rename('d/.', 'other'), -ERRNO.BUSY)
    assert.equal(rename('nothing', 'other'), -ERRNO.NOENT)
  })
  run('a directory that moves takes its parent along', ({ vfs, files }, { rename, lookup }) => {
    files.mkdir('/a/d', { recursive: true })
    files.mkdir('/b')
    assert.equal(rename('a/d', 'b/d'), 0)
    assert.equal(vfs.parent(lookup('b/d')), lookup('b'))
    assert.equal(vfs.path(lookup('b/d')), '/b/d')
    assert.equal(lookup('b/d/..'), lookup('b'))
    assert.deepEqual([files.stat('/a').links, files.stat('/b').links], [2, 3])
  })
}

for (const { name, make } of SUBJECTS) {
  const run: Run = (sentence, work) => {
    test(`${name}: ${sentence}`, () => {
      const subject = make()
      work(subject, short(subject))
    })
  }
  paths(run)
  names(run)
  links(run)
  renames(run)
}
