/** bench/RESULTS.md is written section by section, each by the benchmark that measured it. */

/**
 * Puts a section in the place of the one with the same heading, or at the end.
 * @param section begins with its `## ` heading
 */
export function replaceSection(text: string, section: string): string {
  const heading = section.slice(0, section.indexOf("\n"));
  const parts = text.split(/^(?=## )/m);
  const at = parts.findIndex((part) => part === heading || part.startsWith(`${heading}\n`));
  const whole = `${section.trimEnd()}\n`;
  if (at < 0) return `${text.trimEnd()}\n\n${whole}`;
  parts[at] = at === parts.length - 1 ? whole : `${whole}\n`;
  return parts.join("");
}
