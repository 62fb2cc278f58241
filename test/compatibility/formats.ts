/** Every number and name that says how something is written: on disk, or on the wire. */
import { JOURNAL_FORMAT_VERSION } from "../../journal/lmdb/manifest.js";
import { STATE_FORMAT } from "../../journal/lmdb/index-rows.js";
import { VIEWS_FORMAT } from "../../journal/lmdb/view-environment.js";

export const formats = {
  journal: JOURNAL_FORMAT_VERSION,
  state: STATE_FORMAT,
  views: VIEWS_FORMAT,
};
