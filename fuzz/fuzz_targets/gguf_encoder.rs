#![no_main]

secondpass_fuzz::target!("gguf_encoder");
