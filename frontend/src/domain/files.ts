/** Which view a file of an X-ray pair is likely to hold, by its name; the person has the last word. */
export function guessView(name: string): 'ap' | 'lateral' | null {
  const words = name.toLowerCase().split(/[^a-z]+/);
  if (words.some((word) => word.startsWith('lat') || word === 'side')) return 'lateral';
  if (words.some((word) => word === 'ap' || word === 'pa' || word.startsWith('front') || word.startsWith('anterop'))) {
    return 'ap';
  }
  return null;
}

/** Give each of at most two files a view: by name where the names tell, otherwise in the order given. */
export function assignViews<F extends { name: string }>(files: readonly F[]): { ap: F | null; lateral: F | null } {
  const pair: { ap: F | null; lateral: F | null } = { ap: null, lateral: null };
  const unsure: F[] = [];
  for (const file of files) {
    const view = guessView(file.name);
    if (view && pair[view] === null) pair[view] = file;
    else unsure.push(file);
  }
  for (const file of unsure) {
    if (pair.ap === null) pair.ap = file;
    else if (pair.lateral === null) pair.lateral = file;
  }
  return pair;
}
