/** The npm package ejson, which has no types of its own: as much of it as the tests and benchmarks compare with. */
declare module 'ejson' {
  interface NpmEJSON {
    parse(text: string): unknown
    stringify(value: unknown, options?: { canonical?: boolean; indent?: boolean | number | string }): string
    toJSONValue(value: unknown): unknown
    fromJSONValue(value: unknown): unknown
    equals(a: unknown, b: unknown, options?: { keyOrderSensitive?: boolean }): boolean
    clone<T>(value: T): T
  }
  const EJSON: NpmEJSON
  // The package's only export.
  // oxlint-disable-next-line import/no-default-export
  export default EJSON
}
