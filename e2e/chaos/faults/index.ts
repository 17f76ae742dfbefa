import type { Fault } from '../Fault.ts'
import { actorNodeFaults } from './actorNodes.ts'
import { clusterFaults } from './cluster.ts'
import { diskFaults } from './disk.ts'
import { drainFaults } from './drain.ts'
import { edgeFaults } from './edges.ts'
import { ffmpegFaults } from './ffmpeg.ts'
import { machineFaults } from './machine.ts'
import { natsFaults } from './nats.ts'
import { publisherFaults } from './publishers.ts'
import { spaceFaults } from './space.ts'
import { storeFaults } from './stores.ts'

/** Every fault of the table, in its order. */
export const faults: ReadonlyArray<Fault> = [...ffmpegFaults, ...actorNodeFaults, ...edgeFaults, ...drainFaults, ...publisherFaults, ...natsFaults, ...clusterFaults, ...storeFaults, ...machineFaults, ...diskFaults, ...spaceFaults]
