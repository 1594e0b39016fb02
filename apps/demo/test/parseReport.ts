import { parseHTML } from 'linkedom'
import { expect } from 'vitest'

/** Parses a report and checks what must hold for every one: that it is whole, loads nothing and runs nothing. */
export function parseReport(page: string): Document {
  expect(page).toMatch(/^<!doctype html>/)
  expect(page.trimEnd()).toMatch(/<\/html>$/)
  expect(page).not.toMatch(/undefined|NaN|\[object/)
  const { document } = parseHTML(page) as unknown as { document: Document }
  for (const element of document.querySelectorAll('*')) {
    expect(['SCRIPT', 'LINK', 'IFRAME', 'OBJECT']).not.toContain(element.tagName)
    for (const name of ['src', 'href', 'xlink:href']) {
      const value = element.getAttribute(name)
      if (value !== null) expect(value).toMatch(/^data:image\/png;base64,/)
    }
  }
  expect(page).not.toMatch(/url\(|@import/)
  return document
}

/** The cells of a table, row by row, headings first. */
export function cellsOf(table: Element): string[][] {
  return [...table.querySelectorAll('tr')].map((row) => [...row.children].map((cell) => cell.textContent ?? ''))
}
