import { expect, test } from "vitest"
import { isOfTests, readSourceTree, type SourceFile } from "./sourceTree.ts"

const files = readSourceTree()

/**
 * What each folder may import beside itself: proto ← runtime ← actors, edge. The edge shares with the actors what both
 * sides must agree on: what a record of the inbox says, how playlists read, and where objects are kept.
 */
const allowed: Readonly<Record<string, ReadonlyArray<string>>> = {
  proto: [],
  runtime: ["proto"],
  actors: ["proto", "runtime"],
  edge: ["proto", "runtime", "actors/inbox", "actors/playlist", "actors/storage"],
  web: ["proto"]
}

/** What tests may use beyond that: real services, recordings, and the writer of real media. */
const allowedToTests: Readonly<Record<string, ReadonlyArray<string>>> = {
  proto: [],
  runtime: ["deploy/local"],
  actors: ["deploy/local"],
  edge: ["deploy/local", "actors"],
  web: ["edge"]
}

const topOf = (path: string): string => path.split("/")[0] ?? ""
const isWithin = (path: string, folder: string): boolean => path.startsWith(`${folder}/`)

const forbidden = ({ path, imports }: SourceFile): ReadonlyArray<string> => {
  const top = topOf(path)
  const own = allowed[top]
  if (own === undefined) return []
  const folders = [top, ...own, ...(isOfTests(path) ? allowedToTests[top] ?? [] : [])]
  return imports.filter((imported) => !folders.some((folder) => isWithin(imported, folder))).map((imported) => `${path} imports ${imported}`)
}

test("imports run one way: proto, runtime, then actors and edge; pages take only messages", () => {
  expect(files.length).toBeGreaterThan(200)
  expect(files.flatMap(forbidden)).toEqual([])
})

test("every folder that the edge may import from is one that it does import from", () => {
  const imported = files.filter(({ path }) => topOf(path) === "edge" && !isOfTests(path)).flatMap(({ imports }) => imports)
  for (const folder of allowed["edge"] ?? []) expect(imported.some((path) => isWithin(path, folder)), folder).toBe(true)
})

test("what runs in production imports nothing of tests", () => {
  const production = files.filter(({ path }) => ["runtime", "actors", "edge", "web"].includes(topOf(path)) || path.startsWith("deploy/server/"))
  const broken = production
    .filter(({ path }) => !isOfTests(path))
    .flatMap(({ path, imports }) => imports.filter((imported) => isOfTests(imported) || topOf(imported) === "e2e").map((imported) => `${path} imports ${imported}`))
  expect(broken).toEqual([])
})

/** Depth-first over imports; gives the first cycle met as a path, for each file where one closes. */
const findCycles = (graph: ReadonlyMap<string, ReadonlyArray<string>>): ReadonlyArray<string> => {
  const cycles: Array<string> = []
  const finished = new Set<string>()
  const visit = (path: string, trail: ReadonlyArray<string>): void => {
    const at = trail.indexOf(path)
    if (at >= 0) return void cycles.push([...trail.slice(at), path].join(" → "))
    if (finished.has(path)) return
    for (const next of graph.get(path) ?? []) visit(next, [...trail, path])
    finished.add(path)
  }
  for (const path of graph.keys()) visit(path, [])
  return cycles
}

test("no file imports itself by way of others", () => {
  expect(findCycles(new Map(files.map(({ path, imports }) => [path, imports])))).toEqual([])
  expect(findCycles(new Map([["a", ["b"]], ["b", ["c"]], ["c", ["a"]]]))).toEqual(["a → b → c → a"])
})
