//! `secondpass eval`, run as a process: figures beside pytrec_eval's and bm25s's (`tests/reference/make_eval_fixtures.py`), every
//! stage beside the library, hostile files, and runs that are killed.

mod files;
mod metrics;
mod resume;
mod stages;
mod support;
