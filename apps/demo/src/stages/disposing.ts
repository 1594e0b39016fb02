/**
 * Runs something with a resource and disposes it afterwards, also after an error.
 *
 * @param resource a tensor, a model, a prediction
 * @returns what `use` returned
 */
export async function disposing<Resource extends { dispose(): unknown }, Result>(
  resource: Resource,
  use: (resource: Resource) => Promise<Result>,
): Promise<Result> {
  try {
    return await use(resource)
  } finally {
    resource.dispose()
  }
}
