import { MongoClient } from 'mongodb'
import { MongoClient as MongoClient6 } from 'mongodb-6'

/** The drivers that the library works with. Their types differ in what the library does not use. */
export const drivers = { 'driver 6': MongoClient6 as unknown as typeof MongoClient, 'driver 7': MongoClient } as const

export type Driver = keyof typeof drivers
