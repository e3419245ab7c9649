import { createHash } from 'node:crypto';
import type { Pair } from '../../core/index.js';
import type { FuncFile } from './tasks.js';

/** SHA-256 of what the published lists make, as JSON indented by four blanks, with a line end. */
const published: Readonly<Record<FuncFile, string>> = {
  'ag_news_mc.json': 'bc8ebbde08e50ca41ca501a7dcf2b9065a88b4effa61721196977c9ded66f7ce',
  'alphabetically_last_5_capital.json': 'fc23c9ebffe2cacf2c3d3a7e7c2f131a15a96e41632db27e6b07ecd6891f1d18',
  'choose_last_of_5_spanish.json': '667b87b04cf21c3027128d02c49623e7a3b7615522130547571fce5a31f569b4',
  'object_v_concept_5_spanish.json': 'a14c990deb008e346199c2d31974c437ae7b1276b745dd2d6949a62c816c02f7',
  'sentiment_mc.json': 'bbbf204c3d798eba9b42e65dd9748ab2f6c8f147b0c4e31b3e8586850a0791d1',
  'verb_v_adjective_5_spanish.json': 'f55b539fc247c8af3110ad5f753b69fca2c28095cfcd407bff91f5d580cfa722',
};

/** Whether pairs are those that the published lists make. */
export function isPublished(file: FuncFile, pairs: readonly Pair[]): boolean {
  const text = `${JSON.stringify(pairs, null, 4)}\n`;
  return createHash('sha256').update(text).digest('hex') === published[file];
}
