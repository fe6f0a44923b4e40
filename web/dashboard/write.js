// The view in which a visitor has checkpoints write: a quote and a name, set as a page of the panel.
// Uses: panel.js, the addresses /checkpoints, /sample, /guards and /panel of docs/watch.md.
import {PanelView} from './panel.js'

const $ = (id) => document.getElementById(id)
const ATTEMPTS = 20 // for a quote, and for a name, until one fits on the panel
const LENGTH = 300 // characters after which a text without an end is too long
const SEED_STEP = 1000003 // from attempt to attempt; the first uses the seed itself
const EARLIER = 6
const REFRESH_MS = 1500
const colors = {paper: [227, 225, 216], ink: [34, 33, 31]}

const view = new PanelView($('page'), colors)
let runs = new Map()
let writing = null // the request in progress
let shown = null // {frame, words} of the page on the panel

const say = (text) => { $('write_message').textContent = text }
const newSeed = () => { $('write_seed').value = (Number($('write_seed').value) + 1) % 4294967296 }

function setOptions(select, values) {
  if ([...select.options].map((option) => option.value).join('\n') === values.map(([value]) => value).join('\n')) return
  const before = select.value
  select.replaceChildren(...values.map(([value, textContent]) => Object.assign(document.createElement('option'), {value, textContent})))
  if (values.some(([value]) => value === before)) select.value = before
}

// The runs have changed: name to {name, best: {epoch}, last: {epoch}}. If runs have the names of the demo's, the one
// for quotes is chosen for quotes, and the one for names for names.
export function showRuns(all) {
  runs = all
  const names = [...runs.values()].filter((run) => run.last !== null).map(({name}) => [name, name])
  const first = $('quote_run').options.length === 0
  setOptions($('quote_run'), names)
  setOptions($('name_run'), [...names, ['', 'nobody']])
  if (first && names.length > 0) {
    const called = (word) => names.find(([name]) => name.includes(word))?.[0]
    $('quote_run').value = called('quote') ?? names[0][0]
    $('name_run').value = called('name') ?? ''
  }
}

// The best epoch if it has a checkpoint, otherwise the newest one with a checkpoint.
async function epochOf(name, signal) {
  const answer = await fetch(`checkpoints?run=${encodeURIComponent(name)}`, {signal})
  const epochs = answer.ok ? await answer.json() : []
  const best = runs.get(name)?.best?.epoch
  if (epochs.length === 0) throw new Error(`${name} has no checkpoint yet.`)
  return epochs.includes(best) ? best : Math.max(...epochs)
}

// The first line that the model writes, or null if it does not end.
async function readItem(query, signal) {
  const enough = new AbortController()
  const answer = await fetch(`sample?${query}`, {signal: AbortSignal.any([signal, enough.signal])})
  if (!answer.ok) throw new Error((await answer.text()).trim())
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  for (;;) {
    const {done, value} = await reader.read()
    if (done) return null
    text = (text + value).replace(/^\s+/, '')
    const end = text.indexOf('\n')
    if (end > 0) {
      reader.cancel().catch(() => {})
      enough.abort()
      return text.slice(0, end).trim()
    }
  }
}

// The pixels of a page, or null if the texts do not fit; other failures are thrown.
async function readPage(quote, name, signal) {
  const answer = await fetch(`panel?${new URLSearchParams({quote, name})}`, {signal})
  if (answer.status === 204 || answer.status === 400) return null // 400: the text is far too long
  if (!answer.ok) throw new Error((await answer.text()).trim())
  return new Uint8Array(await answer.arrayBuffer())
}

// Has a run write until `take` accepts the text. Returns its result, or null.
async function writeText(run, seed, settings, signal, take) {
  const epoch = await epochOf(run, signal)
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const query = new URLSearchParams({run, epoch, seed: (seed + attempt * SEED_STEP) % 4294967296, length: LENGTH, ...settings})
    const text = await readItem(query, signal)
    const result = text === null ? null : await take(text)
    if (result !== null) return result
  }
  return null
}

async function write() {
  writing?.abort()
  writing = new AbortController()
  const {signal} = writing
  const [run, author, seed] = [$('quote_run').value, $('name_run').value, Number($('write_seed').value)]
  const temperature = $('write_temperature').value
  const filter = $('filter').checked ? 1 : 0
  if (run === '') {
    say('There is no run yet.')
    return
  }
  say('Writing…')
  try {
    const settings = {temperature, filter, lexicon: $('lexicon').checked ? 1 : 0}
    const quote = await writeText(run, seed, settings, signal, async (text) => await readPage(text, '', signal) && text)
    if (quote === null) {
      say(`${run} wrote nothing that fits on the panel, in ${ATTEMPTS} attempts. Try a lower temperature.`)
      return
    }
    const set = async (name) => {
      const frame = await readPage(quote, name, signal)
      return frame && {frame, words: name === '' ? quote : `${quote} \u2014 ${name}`}
    }
    const page = author === '' ? await set('')
      : await writeText(author, (seed + 1) % 4294967296, {temperature, filter}, signal, set)
    if (page === null) {
      say(`${author} wrote no name that fits on a line, in ${ATTEMPTS} attempts. Try a lower temperature.`)
      return
    }
    keep(shown)
    shown = page
    $('page').setAttribute('aria-label', `The panel: ${page.words}`)
    $('page_caption').textContent = `${run}${author === '' ? '' : ` and ${author}`}, temperature ${temperature}, seed ${seed}`
    say(page.words)
    newSeed()
    await view.refresh(page.frame, REFRESH_MS)
  } catch (error) {
    if (!signal.aborted) say(error.message)
  }
}

// A page that is replaced by the next one moves to the earlier ones.
function keep(page) {
  if (page === null) return
  const canvas = document.createElement('canvas')
  canvas.setAttribute('role', 'img')
  canvas.setAttribute('aria-label', page.words)
  new PanelView(canvas, colors).show(page.frame)
  const item = document.createElement('li')
  item.append(canvas)
  $('earlier').prepend(item)
  while ($('earlier').childElementCount > EARLIER) $('earlier').lastElementChild.remove()
  $('earlier_title').hidden = false
}

async function readGuards() {
  const answer = await fetch('guards')
  const there = answer.ok ? await answer.json() : {}
  for (const id of ['filter', 'lexicon']) {
    $(id).disabled = !there[id]
    $(id).checked = there[id] === true
    $(`${id}_help`).textContent = there[id] ? '' : `(quillet watch --${id} FILE offers one)`
  }
}

// The part of the address after # decides which of the two views is shown.
function showView() {
  const isWriting = location.hash === '#write'
  $('watch_view').hidden = isWriting
  $('write_view').hidden = !isWriting
  for (const [id, isHere] of [['to_watch', !isWriting], ['to_write', isWriting]]) {
    if (isHere) $(id).setAttribute('aria-current', 'page')
    else $(id).removeAttribute('aria-current')
  }
}

$('write').addEventListener('submit', (event) => { event.preventDefault(); write() })
$('write_temperature').addEventListener('input', () => { $('write_temperature_value').textContent = $('write_temperature').value })
addEventListener('hashchange', showView)
showView()
readGuards().catch(() => {}) // the connection's own message reports a server that is gone
