// The page of `quillet watch` in a browser: a run drawn while it grows, a resumed one, two overlaid, samples, the
// keyboard, and what axe-core finds. Screenshots are kept in SCREENSHOTS.
// Uses: tests/dashboard/watching.mjs, playwright-core and axe-core of web/, Chromium (its path is in CHROMIUM).
import assert from 'node:assert/strict'
import {appendFileSync, readFileSync, utimesSync, writeFileSync} from 'node:fs'
import {createRequire} from 'node:module'
import {join} from 'node:path'
import {after, before, test} from 'node:test'
import {isDeepStrictEqual} from 'node:util'

import {Runs, predict, quillet, row, stopAll, sweep, train, until, watch} from './watching.mjs'

const require = createRequire(new URL('../../web/package.json', import.meta.url))
const {chromium} = require('playwright-core')
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8')
const screenshots = process.env.SCREENSHOTS

let browser
let runs

before(async () => {
  runs = new Runs()
  browser = await chromium.launch({executablePath: process.env.CHROMIUM, args: ['--no-sandbox']})
})
after(async () => {
  await browser?.close()
  stopAll()
  runs.remove()
})

// A page on which any error and any console message fails the test.
async function open(server, options = {}) {
  const context = await browser.newContext({viewport: {width: 1280, height: 900}, ...options})
  const page = await context.newPage()
  const faults = []
  page.on('pageerror', (error) => faults.push(String(error)))
  page.on('console', (message) => { if (message.type() === 'error') faults.push(message.text()) })
  page.on('request', (request) => { if (!request.url().startsWith(server.url) && !request.url().startsWith('data:')) faults.push(request.url()) })
  await page.goto(server.url)
  return {page, faults, close: () => context.close()}
}

// The pixels of the graph that are not its background.
function inked(page) {
  return page.evaluate(() => {
    const canvas = document.querySelector('#graph canvas')
    if (canvas === null) return 0
    const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
    let count = 0
    for (let i = 3; i < data.length; i += 4) count += data[i] > 0
    return count
  })
}

async function violations(page) {
  await page.evaluate(axe)
  const result = await page.evaluate(() => globalThis.axe.run())
  return result.violations.map(({id, nodes}) => `${id}: ${nodes.map((node) => node.html).join(' ')}`)
}

test('a run is drawn while it grows, and its newest epoch is told', async () => {
  runs.add('growing', 5)
  const server = await watch(join(runs.folder, 'growing', 'training.log.csv'))
  const {page, faults, close} = await open(server)
  await page.waitForSelector('#graph canvas')
  await until(async () => /epoch 5,/.test(await page.textContent('#headline')), 'the headline names epoch 5')
  const before = await inked(page)
  assert.ok(before > 500)
  for (let epoch = 6; epoch <= 40; epoch++) runs.grow('growing', epoch)
  await until(async () => /epoch 40,/.test(await page.textContent('#headline')), 'the headline names epoch 40')
  await until(async () => await inked(page) !== before, 'the graph has changed')
  await until(async () => /Sample 40\nof growing/.test(await page.textContent('#written')), 'the newest sample')
  assert.match(await page.textContent('#runs tbody'), /growing.*running.*40 of 200.*1,000/)
  assert.match(await page.title(), /^2\.\d+ · growing/)
  assert.deepEqual(faults, [])
  await close()
  assert.equal(await server.stop(), 0)
})

test('a finished and a resumed run are shown as such, and overlaid until one is taken away', async () => {
  runs.add('done', 30, {status: 'finished', model: {cell: 'lstm', num_layers: 2, rnn_size: 128, parameters: 253805}})
  runs.add('again', 20, {resumed_after: 12, model: {cell: 'decoder', num_layers: 4, embedding_size: 96, parameters: 380000}})
  const server = await watch(runs.folder)
  const {page, faults, close} = await open(server)
  await page.waitForSelector('#graph canvas')
  await until(async () => (await page.locator('#runs tbody tr').count()) === 3, 'three runs')
  assert.match(await page.textContent('#runs tr[data-run=done]'), /finished.*LSTM 2 × 128, 254 K/)
  assert.match(await page.textContent('#runs tr[data-run=again]'), /running, resumed after epoch 12.*DECODER 4 × 96, 380 K/)
  const labels = () => page.locator('.u-legend .u-label').allTextContents()
  await until(async () => (await labels()).length === 7, 'the legend of three runs')
  const together = await inked(page)
  await page.click('#runs tr[data-run=again] input')
  await until(async () => (await labels()).length === 5, 'the legend of two runs')
  assert.ok(!(await labels()).some((label) => label.startsWith('again')))
  assert.notEqual(await inked(page), together)
  assert.deepEqual(faults, [])
  await close()
  assert.equal(await server.stop(), 0)
})

test('a summary with fields of wrong types does no harm to the runs beside it', async () => {
  const mixed = new Runs()
  mixed.add('good', 7, {model: {cell: 'gru', num_layers: 2, rnn_size: 64, parameters: 50000}})
  mixed.add('odd', 3, {status: 7, started: 1, resumed_after: 'x', epochs: [], arguments: {max_epochs: 'many', input: 4},
    best: [], model: {cell: 5, num_layers: {}, rnn_size: 'wide', embedding_size: true, parameters: 'few'}})
  mixed.add('half', 3, {model: {cell: 'lstm'}})
  mixed.add('list', 3, {model: [], arguments: 3})
  const server = await watch(mixed.folder)
  const {page, faults, close} = await open(server)
  await until(async () => (await page.locator('#runs tbody tr').count()) === 4, 'four runs')
  await until(async () => /running.*7 of 200.*GRU 2 × 64, 50 K/.test(await page.textContent('#runs tr[data-run=good]')), 'the good run')
  await until(async () => /without a summary3/.test(await page.textContent('#runs tr[data-run=odd]')), 'the odd run')
  await page.waitForSelector('#graph canvas')
  assert.match(await page.textContent('#headline'), /^(good|half|list): running, epoch/)
  assert.doesNotMatch(await page.textContent('#runs'), /NaN|null|undefined/)
  assert.deepEqual(faults, [])
  await close()
  assert.equal(await server.stop(), 0)
  mixed.remove()
})

test('a run is silent if its files are old, whenever the page was opened, and not before its first epoch', async () => {
  const aged = new Runs()
  const age = (name, seconds) => ['training.log.csv', 'summary.json'].forEach((file) => {
    const time = Date.now() / 1000 - seconds
    utimesSync(join(aged.folder, name, file), time, time)
  })
  for (const [name, epochs, seconds] of [['killed', 5, 3 * 86400], ['fresh', 5, 0], ['first', 0, 3600]]) {
    aged.add(name, epochs)
    age(name, seconds)
  }
  const server = await watch(aged.folder)
  const {page, faults, close} = await open(server)
  const state = (name) => page.locator(`#runs tr[data-run=${name}] .state`).textContent()
  for (let visit = 0; visit < 2; visit++) {
    await until(async () => (await page.locator('#runs tbody tr').count()) === 3, 'three runs')
    await until(async () => await state('killed') === 'silent; killed?', 'the killed run')
    assert.equal(await state('fresh'), 'running')
    assert.equal(await state('first'), 'running')
    await page.reload()
  }
  await until(async () => await state('killed') === 'silent; killed?', 'the killed run')
  aged.grow('killed', 6)
  await until(async () => await state('killed') === 'running', 'the run that goes on')
  // A clock of the browser that is a week ahead does not matter.
  await page.addInitScript(() => {
    const {now} = Date
    Date.now = () => now() + 7 * 86400000
  })
  await page.reload()
  await until(async () => await state('killed') === 'running', 'the run that goes on')
  assert.deepEqual(faults, [])
  await close()
  assert.equal(await server.stop(), 0)
  aged.remove()
})

test('a resumed training of the tool itself says so', async () => {
  const text = join(runs.folder, 'text.txt')
  writeFileSync(text, 'ann\nbob\ncarl\ndora\n'.repeat(40))
  const shared = ['--input', text, '--checkpoint_dir', runs.folder, '--quiet']
  train(...shared, '--run_name', 'model', '--max_epochs', '2', '--rnn_size', '16', '--embedding_size', '8', '--num_layers', '1', '--seed', '1')
  train('--init_from', join(runs.folder, 'model'), '--max_epochs', '4', '--quiet')
  const server = await watch(join(runs.folder, 'model'))
  const {page, close} = await open(server)
  await until(async () => /finished, resumed after epoch 2/.test(await page.textContent('#runs')), 'the state')
  assert.match(await page.textContent('#runs'), /4 of 4/)
  await close()
  assert.equal(await server.stop(), 0)
})

test('a sweep says how each of its runs ended, and draws them in a page of its own', async () => {
  const sweeping = new Runs()
  try {
    const text = join(sweeping.folder, 'text.txt')
    writeFileSync(text, 'ann\nbob\ncarl\ndora\n'.repeat(300))
    const made = sweep('--output', join(sweeping.folder, 'sweep'), '--halving', '1', '--quiet', '--', '--input', text,
      '--max_epochs', '3', '--batch_size', '4', '--generate', '0', '--rnn_size', '4', '--num_layers', '1', '--model', 'rnn',
      '--grad_clip', '0', '--weight_decay', '100', '--learning_rate', '0.01,0.003,0.0001,1000')
    const file = join(sweeping.folder, 'sweep', '2', 'summary.json')
    const server = await watch(join(sweeping.folder, 'sweep'))
    const {page, faults, close} = await open(server)
    await until(async () => (await page.locator('#runs tbody tr').count()) === 4, 'four runs')
    const states = async () => (await page.locator('#runs tbody .state').allTextContents()).map((text) => text.split(',')[0])
    await until(async () => (await states()).sort().join() === 'ended early,failed,finished,finished', 'how the runs ended')
    assert.equal(await page.textContent('#runs tr[data-run="4"] .failed'), 'failed')
    assert.match(await page.textContent('#runs tr[data-run="3"]'), /ended early.*1 of 3/)
    // Between two rungs a run waits for the others; it was not killed.
    writeFileSync(file, JSON.stringify({...JSON.parse(readFileSync(file, 'utf8')), status: 'waiting'}))
    await until(async () => /waiting/.test(await page.textContent('#runs tr[data-run="2"]')), 'the run that waits')
    assert.deepEqual(faults, [])
    await page.goto(`file://${made}`)
    assert.equal(await page.locator('svg').count(), 4)
    assert.equal(await page.locator('svg >> nth=0 >> circle').count(), 3)
    assert.equal(await page.locator('svg >> nth=0 >> path.front').count(), 1)
    assert.ok(await page.locator('circle.on-front').count() >= 4)
    assert.equal(await page.locator('tbody tr').count(), 4)
    if (screenshots) await page.screenshot({path: join(screenshots, 'sweep.png'), fullPage: true})
    assert.deepEqual(await violations(page), [])
    await close()
    assert.equal(await server.stop(), 0)
  } finally {
    sweeping.remove()
  }
})

test('samples come in columns, as quillet predict writes them, and follow the sliders', async () => {
  const server = await watch(join(runs.folder, 'model'))
  const {page, faults, close} = await open(server)
  await until(async () => (await page.locator('#sample_epoch option').count()) === 4, 'the checkpoints')
  await page.selectOption('#sample_epoch', '4')
  await page.fill('#temperatures', '0.5, 1')
  await page.fill('#length', '60')
  await page.fill('#seed', '3')
  await page.click('#ask button[type=submit]')
  await until(async () => /2 columns/.test(await page.textContent('#sample_message')), 'two columns')
  const checkpoint = join(runs.folder, 'model', 'checkpoint.4.safetensors')
  const columns = await page.locator('#columns .text').allTextContents()
  for (const [i, temperature] of ['0.5', '1'].entries()) {
    assert.equal(`${columns[i]}\n`, predict('--init_from', checkpoint, '--temperature', temperature, '--seed', '3', '--generate', '60'))
  }
  await page.focus('#top_k')
  await page.keyboard.press('ArrowRight')
  const limited = predict('--init_from', checkpoint, '--temperature', '0.5', '--top_k', '1', '--seed', '3', '--generate', '60')
  await until(async () => `${(await page.locator('#columns .text').allTextContents())[0]}\n` === limited, 'the column with top-k 1')
  await page.fill('#temperatures', 'warm')
  await page.click('#ask button[type=submit]')
  assert.match(await page.textContent('#sample_message'), /numbers from 0 to 100/)
  assert.deepEqual(faults, [])
  await close()
  assert.equal(await server.stop(), 0)
})

// The pixels of the panel, 1 where it is white, from the middle of each.
function pixels(page) {
  return page.evaluate(() => {
    const canvas = document.getElementById('page')
    const {data, width} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
    const scale = width / 400
    return Array.from({length: 400 * 300}, (_, i) =>
      data[4 * (((Math.floor(i / 400) + 0.5) * scale | 0) * width + ((i % 400 + 0.5) * scale | 0))] > 128 ? 1 : 0)
  })
}

test('the write view shows quote and name as a page of the panel, and obeys filter and lexicon', async () => {
  writeFileSync(join(runs.folder, 'listed.txt'), 'bob\n')
  writeFileSync(join(runs.folder, 'words.txt'), 'ann carl\n'.repeat(9))
  const filter = join(runs.folder, 'listed.qlf')
  const lexicon = join(runs.folder, 'words.qlx')
  quillet('filter', '--words', join(runs.folder, 'listed.txt'), '--output', filter)
  quillet('lexicon', '--text', join(runs.folder, 'words.txt'), '--output', lexicon)
  const server = await watch(join(runs.folder, 'model'), '--filter', filter, '--lexicon', lexicon)
  const {page, faults, close} = await open(server, {reducedMotion: 'reduce'})
  await page.click('#to_write')
  await until(async () => (await page.locator('#name_run option').count()) === 2, 'the runs')
  assert.ok(!(await page.isVisible('#graph')))
  await page.selectOption('#name_run', 'model')
  const epoch = Number((await (await fetch(`${server.url}checkpoints?run=model`)).json()).at(-1))
  assert.equal(epoch, 4)
  const checkpoint = join(runs.folder, 'model', 'checkpoint.4.safetensors')
  const line = (seed, ...guards) => predict('--init_from', checkpoint, '--temperature', '0.7', '--seed', `${seed}`,
    '--generate', '300', ...guards).trim().split('\n')[0].trim()
  for (const [seed, isGuarded] of [[1, true], [2, true], [3, true], [4, false]]) {
    await page.setChecked('#filter', isGuarded)
    await page.setChecked('#lexicon', isGuarded)
    await page.fill('#write_seed', `${seed}`)
    await page.click('#write button')
    const guards = isGuarded ? ['--filter', filter] : []
    const quote = line(seed, ...guards, ...(isGuarded ? ['--lexicon', lexicon] : []))
    const name = line(seed + 1, ...guards)
    await until(async () => await page.textContent('#write_message') === `${quote} \u2014 ${name}`, `${quote} \u2014 ${name}`)
    assert.equal(await page.getAttribute('#page', 'aria-label'), `The panel: ${quote} \u2014 ${name}`)
    assert.equal(await page.inputValue('#write_seed'), `${seed + 1}`)
    assert.ok(!isGuarded || /^(Ann|Carl|ann|carl)\b/.test(quote), quote)
    const frame = new Uint8Array(await (await fetch(`${server.url}panel?${new URLSearchParams({quote, name})}`)).arrayBuffer())
    const expected = Array.from({length: 400 * 300}, (_, i) => (frame[i >> 3] >> (7 - (i & 7))) & 1)
    assert.ok(expected.includes(0))
    await until(async () => isDeepStrictEqual(await pixels(page), expected), 'the pixels')
  }
  assert.equal(await page.locator('#earlier li').count(), 3)
  assert.equal((await fetch(`${server.url}panel?quote=%20&name=x`)).status, 204)
  assert.equal((await fetch(`${server.url}panel?quote=${'W'.repeat(60)}`)).status, 204)
  assert.equal((await fetch(`${server.url}panel?quote=${'x'.repeat(512)}`)).status, 400)
  for (const width of [1280, 400, 320]) {
    for (const colorScheme of ['light', 'dark']) {
      await page.setViewportSize({width, height: 900})
      await page.emulateMedia({colorScheme})
      assert.deepEqual(await violations(page), [])
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing is wider than the page')
      await page.screenshot({path: join(screenshots, `write-${width}-${colorScheme}.png`), fullPage: true})
    }
  }
  await page.click('#to_watch')
  await page.waitForSelector('#graph canvas')
  assert.deepEqual(faults, [])
  await close()
  assert.equal(await server.stop(), 0)
})

test('the keyboard alone reaches everything and moves the cursor', async () => {
  const server = await watch(join(runs.folder, 'done'))
  const {page, close} = await open(server)
  await until(async () => /epoch 30,/.test(await page.textContent('#headline')), 'the headline')
  const reached = new Set()
  for (let i = 0; i < 40; i++) {
    await page.keyboard.press('Tab')
    reached.add(await page.evaluate(() => document.activeElement.id || document.activeElement.tagName))
  }
  for (const id of ['unit', 'log', 'smoothing', 'epoch', 'follow', 'sample_run', 'temperatures', 'top_p', 'seed', 'next_seed']) {
    assert.ok(reached.has(id), id)
  }
  await page.focus('#epoch')
  await page.keyboard.press('Home')
  for (let i = 0; i < 6; i++) await page.keyboard.press('ArrowRight')
  assert.equal(await page.textContent('#epoch_value'), '7')
  await until(async () => /Sample 7\n/.test(await page.textContent('#written')), 'the sample of epoch 7')
  assert.match(await page.getAttribute('#epoch', 'aria-valuetext'), /^epoch 7: done 2\.\d+ bits$/)
  await page.focus('summary')
  await page.keyboard.press('Enter')
  await until(async () => (await page.locator('#numbers tbody tr').count()) === 30, 'the table of numbers')
  await close()
  assert.equal(await server.stop(), 0)
})

// Three quarters of a million numbers: too many for a browser to draw, or to be passed as arguments.
test('sixty-four runs of ten thousand epochs are drawn, and a zoom shows every epoch', {timeout: 120000}, async () => {
  const large = new Runs()
  const lines = Array.from({length: 10000}, (_, i) => row(i + 1)).join('')
  for (let i = 0; i < 64; i++) {
    large.add(`run${i}`, 0)
    appendFileSync(join(large.folder, `run${i}`, 'training.log.csv'), lines)
    appendFileSync(join(large.folder, `run${i}`, 'samples.jsonl'), JSON.stringify({epoch: 5000, text: `Sample of run${i}`}) + '\n')
  }
  const server = await watch(large.folder)
  const {page, faults, close} = await open(server)
  await until(async () => (await page.locator('.u-legend .u-label').count()) === 129, 'the legend of all runs', 60)
  await until(async () => (await page.getAttribute('#epoch', 'max')) === '10000', 'the newest epoch')
  await until(async () => (await page.locator('#written h3').count()) === 64, 'the samples')
  assert.match(await page.textContent('#headline'), /epoch 10000,/)
  await page.evaluate(() => document.querySelectorAll('#runs input').forEach((box, i) => { if (i > 1) box.click() }))
  await until(async () => (await page.locator('.u-legend .u-label').count()) === 5, 'the legend of two runs')
  await page.locator('#graph').scrollIntoViewIfNeeded()
  const box = await page.locator('#graph .u-over').boundingBox()
  const at = async (share, action) => {
    await page.mouse.move(box.x + box.width * share, box.y + box.height / 2)
    await action()
  }
  await at(0.500, () => page.mouse.down())
  await at(0.505, async () => {})
  await at(0.510, () => page.mouse.up())
  // With about a hundred epochs, the cursor can be on each one.
  const seen = new Set()
  await until(async () => {
    seen.clear()
    for (let i = 0; i < 40; i++) await at(0.3 + i / 1000, async () => { seen.add(await page.textContent('#epoch_value')) })
    return [...seen].some((epoch) => Number(epoch) % 5 !== 0)
  }, 'single epochs')
  assert.ok([...seen].every((epoch) => Number(epoch) > 4900 && Number(epoch) < 5200), [...seen].join(' '))
  assert.deepEqual(faults, [])
  await close()
  assert.equal(await server.stop(), 0)
  large.remove()
})

test('a server that goes away is told', async () => {
  const server = await watch(join(runs.folder, 'done'))
  const {page, close} = await open(server)
  await until(async () => /epoch 30,/.test(await page.textContent('#headline')), 'the headline')
  assert.equal(await page.textContent('#connection'), '')
  await server.stop()
  await until(async () => /gone/.test(await page.textContent('#connection')), 'the message')
  await close()
})

test('axe-core finds nothing at three widths, in light and in dark', async () => {
  const long = 'n'.repeat(200)
  runs.add(long, 2)
  appendFileSync(join(runs.folder, long, 'samples.jsonl'), '{}\n') // a problem, with this name
  const server = await watch(runs.folder)
  for (const width of [1280, 400, 320]) {
    const {page, faults, close} = await open(server, {viewport: {width, height: 900}})
    await page.waitForSelector('#graph canvas')
    await page.selectOption('#sample_run', 'model')
    await until(async () => (await page.locator('#sample_epoch option').count()) === 4, 'the checkpoints')
    await page.fill('#length', '80')
    await page.click('#ask button[type=submit]')
    await until(async () => /4 columns/.test(await page.textContent('#sample_message')), 'the samples')
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({colorScheme})
      assert.deepEqual(await violations(page), [])
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing is wider than the page')
      await page.screenshot({path: join(screenshots, `watch-${width}-${colorScheme}.png`), fullPage: true})
    }
    assert.deepEqual(faults, [])
    await close()
  }
  assert.equal(await server.stop(), 0)
})
