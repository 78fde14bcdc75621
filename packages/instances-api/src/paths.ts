/** Path that Rocket.Chat's clients ask for. */
export const instancesPath = '/api/v1/instances.get'
/** Path of how every instance sees every other. */
export const matrixPath = '/api/v1/instances.matrix'
/** Path of the figures for Prometheus, where the option `metrics` is given. */
export const metricsPath = '/metrics'
