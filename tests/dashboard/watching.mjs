// Helpers shared by the tests of the page and of its server: a folder of runs, `quillet watch` on it, a reader of its
// events.
// Uses: Node, the tool (its path is in QUILLET).
import {spawn, spawnSync} from 'node:child_process'
import {appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import http from 'node:http'
import {join, resolve} from 'node:path'

const tool = process.env.QUILLET
const HEADER = 'epoch,step,train_loss,val_loss,val_bits_per_char,learning_rate,chars_per_second,elapsed_seconds\n'

export function row(epoch) {
  const loss = 1.5 + 2 / epoch
  return `${epoch},${epoch * 10},${(loss + 0.1).toFixed(6)},${loss.toFixed(6)},${(loss / Math.LN2).toFixed(6)},0.001,1000,${epoch}.000\n`
}

export class Runs {
  constructor() {
    this.folder = mkdtempSync(join(resolve('.'), 'watch_test.'))
  }

  // A run without checkpoints, as left by a training.
  add(name, epochs, summary = {}) {
    mkdirSync(join(this.folder, name))
    writeFileSync(join(this.folder, name, 'training.log.csv'), HEADER)
    for (let epoch = 1; epoch <= epochs; epoch++) this.grow(name, epoch)
    writeFileSync(join(this.folder, name, 'summary.json'), JSON.stringify({status: 'running', epochs,
      arguments: {max_epochs: 200}, best: {epoch: epochs}, ...summary}))
  }

  grow(name, epoch) {
    appendFileSync(join(this.folder, name, 'training.log.csv'), row(epoch))
    appendFileSync(join(this.folder, name, 'samples.jsonl'), JSON.stringify({epoch, text: `Sample ${epoch}\nof ${name}`}) + '\n')
  }

  remove() {
    rmSync(this.folder, {recursive: true, force: true})
  }
}

// Runs a command of the tool, which must succeed; returns its output.
export function quillet(...args) {
  const done = spawnSync(tool, args, {encoding: 'utf8'})
  if (done.status !== 0) throw new Error(done.stderr)
  return done.stdout
}

export function train(...args) {
  const done = spawnSync(tool, ['train', ...args], {encoding: 'utf8'})
  if (done.status !== 0) throw new Error(done.stderr)
  return done.stdout.trim()
}

export function sweep(...args) {
  const done = spawnSync(tool, ['sweep', ...args], {encoding: 'utf8'})
  if (done.status !== 0) throw new Error(done.stderr)
  return done.stdout.trim()
}

export function predict(...args) {
  return spawnSync(tool, ['predict', ...args], {encoding: 'utf8'}).stdout
}

const servers = new Set()

// For the end of a test, even of one that failed.
export function stopAll() {
  servers.forEach((child) => child.kill('SIGKILL'))
}

// Starts the server; resolves to {url, port, process, stop}. `stop` resolves to the exit code.
export function watch(path, ...args) {
  const child = spawn(tool, ['watch', '--file', path, '--port', '0', ...args], {stdio: ['ignore', 'pipe', 'pipe']})
  servers.add(child)
  child.on('close', () => servers.delete(child))
  let errors = ''
  child.stderr.on('data', (text) => { errors += text })
  const ended = new Promise((done) => child.on('close', (code) => done(code)))
  return new Promise((done, fail) => {
    child.stdout.once('data', (line) => {
      const url = String(line).trim()
      done({url, port: Number(new URL(url).port), process: child, errors: () => errors, stop: () => {
        child.kill('SIGTERM')
        return ended
      }})
    })
    ended.then((code) => fail(new Error(`quillet watch ended with ${code}: ${errors}`)))
  })
}

// Calls `take(name, data, id)` for every event; returns {close}.
export function events(url, take, headers = {}) {
  let rest = ''
  const request = http.get(`${url}events`, {headers, agent: false}, (response) => {
    response.setEncoding('utf8')
    response.on('data', (text) => {
      const blocks = (rest + text).split('\n\n')
      rest = blocks.pop()
      for (const block of blocks) {
        const fields = Object.fromEntries(block.split('\n').map((line) => line.split(/: (.*)/s).slice(0, 2)))
        if (fields.event) take(fields.event, JSON.parse(fields.data), fields.id)
      }
    })
    response.on('error', () => {})
  })
  request.on('error', () => {})
  return {close: () => request.destroy()}
}

export async function until(condition, what, seconds = 20) {
  const end = Date.now() + 1000 * seconds
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`this did not come true: ${what}`)
    await new Promise((done) => setTimeout(done, 50))
  }
}
