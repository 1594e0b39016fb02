/** The shared name by which TensorFlow knows a variable that lives as long as its handle (core/framework/resource_handle.h). */
export const ANONYMOUS_NAME = 'cd2c89b7-88b7-44c8-ad83-06c2a9158347'
