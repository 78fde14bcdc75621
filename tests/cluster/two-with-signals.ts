// Run as a process: two clusters that leave at signals, until one comes.
import { Fleet } from './fleet.js'

const fleet = await Fleet.open()
await Promise.all([fleet.join({ handleSignals: true }), fleet.join({ name: 'other', handleSignals: true })])
process.stdout.write('joined\n')
