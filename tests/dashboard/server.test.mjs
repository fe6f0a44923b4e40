// `quillet watch` as a server: many clients, slow ones, returning ones, and ones that send garbage.
// WATCH_SECONDS (3) is how long the log grows before a hundred clients; WATCH_REQUESTS (10000) is the number of garbage
// requests; WATCH_KB (2048) is how much the server may grow in addition to the events themselves, which is more with
// sanitizers.
// Uses: tests/dashboard/watching.mjs.
import assert from 'node:assert/strict'
import {readFileSync, symlinkSync, truncateSync, writeFileSync} from 'node:fs'
import net from 'node:net'
import {join} from 'node:path'
import {after, before, test} from 'node:test'

import {Runs, events, predict, row, stopAll, train, until, watch} from './watching.mjs'

const SECONDS = Number(process.env.WATCH_SECONDS ?? 3)
const REQUESTS = Number(process.env.WATCH_REQUESTS ?? 10000)
const ROOM_KB = Number(process.env.WATCH_KB ?? 2048)
const CLIENTS = 100

let runs

before(() => { runs = new Runs() })
after(() => {
  stopAll()
  runs.remove()
})

function resident(process) {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${process.pid}/status`, 'utf8'))[1])
}

test('a hundred clients hear of every state in order, and cost no memory', {timeout: 100000}, async () => {
  runs.add('many', 3)
  const server = await watch(join(runs.folder, 'many'))
  const seen = Array.from({length: CLIENTS}, () => [])
  const open = seen.map((epochs) => events(server.url, (name, data) => { if (name === 'rows') epochs.push(data.last.epoch) }))
  // One more client never reads: unread data must not pile up.
  const slow = net.connect(server.port, '127.0.0.1', () => slow.write('GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n'))
  slow.pause()
  await until(() => seen.every((epochs) => epochs.at(-1) === 3), 'all have the first rows')
  const memory = resident(server.process)
  let epoch = 3
  for (const end = Date.now() + 1000 * SECONDS; Date.now() < end;) {
    runs.grow('many', ++epoch)
    await new Promise((done) => setTimeout(done, 20))
  }
  await until(() => seen.every((epochs) => epochs.at(-1) === epoch), 'all have the last row')
  for (const epochs of seen) assert.ok(epochs.every((newer, i) => i === 0 || newer > epochs[i - 1]), epochs.join(' '))
  const {rows} = await (await fetch(`${server.url}rows?run=many&points=10000`)).json()
  assert.deepEqual(rows.map(([number]) => number), Array.from({length: epoch}, (_, i) => i + 1))
  const grown = resident(server.process) - memory
  console.log(`${CLIENTS} clients, ${epoch} rows in ${SECONDS} s: ${grown} kB more than the ${memory} kB at the start`)
  // 100 clients with their own buffers would take more; the events themselves are a few hundred bytes per row.
  assert.ok(grown < ROOM_KB + epoch, `${grown} kB`)
  open.forEach((client) => client.close())
  slow.destroy()
  assert.equal(await server.stop(), 0)
})

test('a client that comes back goes on behind the last event that it has', async () => {
  runs.add('back', 4)
  const server = await watch(join(runs.folder, 'back', 'training.log.csv'))
  const first = []
  const client = events(server.url, (name, data, id) => first.push([name, data, id]))
  await until(() => first.some(([name]) => name === 'samples'), 'the first events')
  client.close()
  const id = first.find(([name]) => name === 'rows')[2]
  const second = []
  const again = events(server.url, (name, data) => second.push([name, data.count]), {'Last-Event-ID': id})
  await until(() => second.some(([name, count]) => name === 'samples' && count === 4), 'the rest')
  assert.ok(!second.some(([name]) => name === 'rows' || name === 'run'))
  again.close()
  assert.equal(await server.stop(), 0)
})

test('a log that is cut begins anew for everybody', async () => {
  runs.add('cut', 4)
  const server = await watch(join(runs.folder, 'cut'))
  const names = []
  const client = events(server.url, (name, data) => names.push(name === 'rows' ? data.last.epoch : name))
  await until(() => names.includes(4), 'the rows')
  const log = join(runs.folder, 'cut', 'training.log.csv')
  truncateSync(log, readFileSync(log).length - row(4).length)
  await until(() => names.lastIndexOf('restart') > names.indexOf(4), 'a restart')
  await until(() => names.lastIndexOf(3) > names.lastIndexOf('restart'), 'the rows that are left')
  assert.ok(names.lastIndexOf(4) < names.lastIndexOf('restart'))
  client.close()
  assert.equal(await server.stop(), 0)
})

test('a sample is the text of quillet predict', async () => {
  const text = join(runs.folder, 'text.txt')
  writeFileSync(text, 'ann\nbob\ncarl\ndora\n'.repeat(40))
  const folder = train('--input', text, '--max_epochs', '2', '--rnn_size', '16', '--embedding_size', '8', '--num_layers', '1',
    '--checkpoint_dir', runs.folder, '--run_name', 'model', '--seed', '1', '--quiet')
  const server = await watch(runs.folder)
  assert.deepEqual(await (await fetch(`${server.url}checkpoints?run=model`)).json(), [1, 2])
  const answer = await fetch(`${server.url}sample?run=model&epoch=2&temperature=1.1&top_p=0.9&top_k=5&seed=7&length=300`)
  assert.equal(answer.status, 200)
  const written = await answer.text()
  assert.equal(written.length, 300)
  const said = predict('--init_from', folder.replace(/\/?$/, '').includes('safetensors') ? folder
    : join(runs.folder, 'model', 'checkpoint.2.safetensors'), '--temperature', '1.1', '--top_p', '0.9', '--top_k', '5', '--seed', '7',
  '--generate', '300')
  assert.equal(`${written}\n`, said)
  for (const [query, status] of [['run=model&epoch=9', 404], ['run=nobody&epoch=1', 404], ['run=model', 400],
    ['run=model&epoch=1&temperature=-1', 400], ['run=../model&epoch=1', 404], ['run=%2e%2e&epoch=1', 404],
    ['run=model%00x&epoch=9', 404]]) {
    assert.equal((await fetch(`${server.url}sample?${query}`)).status, status, query)
  }
  writeFileSync(join(runs.folder, 'model', 'checkpoint.3.safetensors'), 'rubbish')
  assert.equal((await fetch(`${server.url}sample?run=model&epoch=3`)).status, 500)
  assert.equal(await server.stop(), 0)
})

// Sends raw bytes; resolves to the answer until the server closes, or goes quiet.
function send(port, bytes, quiet = 300) {
  return new Promise((done) => {
    let answer = ''
    const socket = net.connect(port, '127.0.0.1', () => socket.end(bytes))
    socket.setTimeout(quiet, () => socket.destroy())
    socket.on('data', (data) => { answer += data.toString('latin1') })
    socket.on('error', () => {})
    socket.on('close', () => done(answer))
  })
}

test('requests from other sites, for other names and with other verbs are refused', async () => {
  const server = await watch(runs.folder)
  const ask = (path, ...headers) => send(server.port, [`GET ${path} HTTP/1.1`, ...headers, 'Connection: close', '', ''].join('\r\n'))
  assert.match(await ask('/', 'Host: localhost'), /^HTTP\/1.1 200 /)
  assert.match(await ask('/', 'Host: evil.example'), /^HTTP\/1.1 403 /)
  assert.match(await ask('/checkpoints?run=many', 'Host: localhost', 'Sec-Fetch-Site: cross-site'), /^HTTP\/1.1 403 /)
  assert.match(await ask('/checkpoints?run=many', 'Host: localhost', 'Sec-Fetch-Site: same-origin'), /^HTTP\/1.1 200 /)
  assert.match(await send(server.port, 'POST /sample HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc'),
    /^HTTP\/1.1 405 /)
  const page = await ask('/', 'Host: localhost')
  assert.match(page, /Content-Security-Policy: default-src 'none'/)
  assert.equal(await server.stop(), 0)
})

test(`${REQUESTS} broken requests leave a server that answers`, {timeout: 100000}, async () => {
  symlinkSync('/etc', join(runs.folder, 'etc'))
  const server = await watch(runs.folder)
  let state = 12345
  const random = (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor(state / 4294967296 * below)
  }
  const pick = (list) => list[random(list.length)]
  const traversals = ['/../../etc/passwd', '/..%2f..%2fetc/passwd', '/%2e%2e/%2e%2e/etc/passwd', '//etc/passwd',
    '/checkpoints?run=../../etc', '/sample?run=etc&epoch=1', '/sample?run=..%2f..%2fetc&epoch=1', '/etc/passwd%00.js',
    '/\\..\\..\\etc\\passwd', '/sample?run=many/../../etc&epoch=1', 'http://localhost/../etc/passwd', '/%', '/%zz', '/?%%%=%&&&==']
  const seeds = ['GET / HTTP/1.1\r\nHost: localhost\r\n\r\n', 'GET /events HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: 1.1\r\n\r\n',
    'GET /sample?run=many&epoch=1&temperature=0.5&seed=1 HTTP/1.1\r\nHost: localhost\r\n\r\n',
    'POST /events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999\r\n\r\nx',
    'POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx']
  const make = () => {
    switch (random(4)) {
      case 0: return `${pick(['GET', 'HEAD', 'get', 'PUT', 'OPTIONS', ''])} ${pick(traversals)} HTTP/${pick(['1.1', '1.0', '9.9', ''])}\r\nHost: ${pick(['localhost', '', 'x', '[::1'])}\r\n\r\n`
      case 1: {
        const bytes = Buffer.from(pick(seeds))
        for (let i = random(8); i >= 0; i--) bytes[random(bytes.length)] = random(256)
        return bytes
      }
      case 2: return pick(seeds).slice(0, random(60))
      default: return Buffer.from(Array.from({length: random(200)}, () => random(256)))
    }
  }
  let leaked = 0
  let sent = 0
  const worker = async () => {
    while (sent < REQUESTS) {
      sent++
      if (/root:|daemon:/.test(await send(server.port, make(), 20))) leaked++
    }
  }
  await Promise.all(Array.from({length: 40}, worker))
  await send(server.port, `GET /${'x'.repeat(100000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
  await send(server.port, `GET / HTTP/1.1\r\nHost: localhost\r\n${'X: y\r\n'.repeat(20000)}\r\n`)
  assert.equal(leaked, 0)
  assert.equal((await fetch(server.url)).status, 200)
  assert.equal(await server.stop(), 0)
  assert.equal(server.errors().replace('The page is there until Ctrl-C.\n', ''), '')
})

test('rows are thinned, and a sample is that of the last epoch that has one', async () => {
  runs.add('thin', 100)
  const server = await watch(join(runs.folder, 'thin'))
  const ask = async (query) => { // with any other answer, the server has not found the run yet
    const answer = await fetch(`${server.url}${query}`)
    return answer.ok ? answer.json() : {rows: []}
  }
  await until(async () => (await ask('rows?run=thin&points=10000')).rows.length === 100, 'all rows')
  const thinned = await ask('rows?run=thin&points=10')
  assert.equal(thinned.stride, 10)
  assert.deepEqual(thinned.rows.slice(0, 4).map(([epoch]) => epoch), [1, 9, 10, 19])
  assert.deepEqual((await ask('rows?run=thin&from=40&to=42')).rows.map(([epoch]) => epoch), [40, 41, 42])
  await until(async () => (await ask('written?run=thin&epoch=7')).text === 'Sample 7\nof thin', 'the samples')
  assert.equal((await ask('written?run=thin&epoch=5000')).epoch, 100)
  assert.equal((await ask('written?run=thin')).epoch, 100)
  for (const [query, status] of [['rows?run=nobody', 404], ['rows', 404], ['written?run=nobody', 404],
    ['rows?run=thin&points=0', 400], ['rows?run=thin&from=-1', 400], ['rows?run=thin&to=1e300', 400]]) {
    assert.equal((await fetch(`${server.url}${query}`)).status, status, query)
  }
  assert.equal(await server.stop(), 0)
})

test('a thousand connections that ask for nothing, or not to the end, keep nobody out', {timeout: 100000}, async () => {
  const server = await watch(join(runs.folder, 'many'))
  // On a separate connection: one that fetch kept for the next request could be dropped just then for being idle.
  const answer = () => fetch(server.url, {headers: {connection: 'close'}})
  const idle = []
  for (let i = 0; i < 1000; i++) {
    const socket = net.connect(server.port, '127.0.0.1', () => { if (i % 2 === 1) socket.write('GET / HTTP/1.1\r\nHost: loc') })
    socket.on('error', () => {})
    idle.push(socket)
    if (i % 50 === 49) assert.equal((await answer()).status, 200)
  }
  // This holds even if all clients follow the events, each of which has an answer, and if some of them do not read on.
  for (let i = 0; i < 500; i++) {
    const socket = net.connect(server.port, '127.0.0.1', () => socket.write('GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n'))
    idle.push(socket)
    await new Promise((done) => {
      socket.once('data', done)
      socket.on('error', done)
      socket.on('close', done)
    })
    if (i % 2 === 0) socket.pause()
    if (i % 50 === 49) assert.equal((await answer()).status, 200)
  }
  idle.forEach((socket) => socket.destroy())
  assert.equal(await server.stop(), 0)
})

test('a client beyond the samples at a time is asked to wait, and one that leaves makes room', async () => {
  const server = await watch(runs.folder)
  const query = 'sample?run=model&epoch=2&length=20000'
  const open = []
  for (let i = 0; i < 12; i++) {
    const socket = net.connect(server.port, '127.0.0.1', () => socket.write(`GET /${query} HTTP/1.1\r\nHost: localhost\r\n\r\n`))
    socket.on('error', () => {})
    socket.pause() // never reads: the text waits for it
    open.push(socket)
  }
  await new Promise((done) => setTimeout(done, 500))
  open.forEach((socket) => socket.destroy())
  await until(async () => (await fetch(`${server.url}${query}`)).status === 200, 'room for a sample')
  assert.equal(await server.stop(), 0)
})
