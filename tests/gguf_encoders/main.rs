//! Encoders and other rerankers as GGUF files: what `secondpass convert` writes scores as the original does, files of other
//! programs run or are refused with the reason, and hostile metadata is an error. Embedding models too, decoders among them.

mod embedding_files;
mod embeddings;
mod files;
mod foreign;
mod refusals;
mod round_trips;
