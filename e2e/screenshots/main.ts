/** `npm run screenshots`, in front of the platform at `MILLRACE_URL`: takes each scene of `scenes.ts` and says where they are. */
import { mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { launchChromium } from '../kit/chromium.ts'
import { scenes } from './scenes.ts'
import { takeScene } from './takeScene.ts'
import { makeWorld } from './World.ts'

const { values, positionals } = parseArgs({ options: { out: { type: 'string' } }, allowPositionals: true })
const url = (process.env['MILLRACE_URL'] ?? 'http://127.0.0.1:8080').replace(/\/$/, '')

const chosen = scenes.filter(({ name }) => positionals.length === 0 || positionals.some((begin) => name.startsWith(begin)))
if (chosen.length === 0) throw new Error(`No scene begins so; there are: ${scenes.map(({ name }) => name).join(', ')}.`)
const folder = values.out === undefined ? mkdtempSync(join(tmpdir(), 'millrace-pages-')) : resolve(values.out)
mkdirSync(folder, { recursive: true })

const world = makeWorld(url)
const browser = await launchChromium(['--use-fake-device-for-media-stream', '--hide-scrollbars'])
try {
  for (const scene of chosen) {
    await takeScene(browser, world, scene, folder)
    process.stdout.write(`${scene.name}\n`)
  }
  process.stdout.write(`Screenshots: ${folder}\n`)
} finally {
  world.close()
  await browser.close()
}
