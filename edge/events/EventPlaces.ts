import { Context, Effect, Layer } from 'effect'
import { EdgeSettings } from '../EdgeSettings.ts'
import { AddressPlaces } from '../http/AddressPlaces.ts'

/** The places that this edge has for those who follow events. */
export class EventPlaces extends Context.Service<EventPlaces, {
  /** Of sockets. */
  readonly sockets: AddressPlaces
  /** Of answers that go on. */
  readonly streams: AddressPlaces
}>()('millrace/edge/events/EventPlaces') {
  static readonly layer = Layer.effect(
    EventPlaces,
    Effect.map(EdgeSettings, (settings) => ({
      sockets: new AddressPlaces(settings.eventSocketsMax, settings.eventSocketsPerAddressMax),
      streams: new AddressPlaces(settings.eventStreamsMax, settings.eventStreamsPerAddressMax)
    }))
  )
}
