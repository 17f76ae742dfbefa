import { Context, Layer } from 'effect'
import type { Address } from './HttpServer.ts'
import { HttpServer } from './HttpServer.ts'

/** The open port. Give its layer all routes first, so that nobody gets a 404 for a route that is yet to come. */
export class Listening extends Context.Service<Listening, Address>()('millrace/edge/http/Listening') {
  static readonly layer = Layer.effect(Listening, HttpServer.use((server) => server.listen))
}
