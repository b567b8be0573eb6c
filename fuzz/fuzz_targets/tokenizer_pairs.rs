#![no_main]

secondpass_fuzz::target!("tokenizer_pairs");
