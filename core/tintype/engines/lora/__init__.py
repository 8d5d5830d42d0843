"""Open vision-language models, tuned with LoRA (the extra `tintype[lora]`: PyTorch, transformers).

    bases       open models that a person has added, read from their folders; light to import
    engine      the `Engine`: what the server calls, and its card; light to import
    plan        `auto` hyperparameters, and what fits into memory; light to import
    loading     a base in memory: model, processor, what its family is like
    adapters    LoRA layers, and their files in PEFT's layout
    merging     an adapter added to its base, as files
    attention   attention over several rows laid end to end
    rows        chat rows as tokens: what is learnt of them, and which images they show
    features    what the vision tower makes of every image, once, on disk
    packing     which rows meet in a step, laid end to end or padded
    captured    a pass as a CUDA graph, on request
    forward     hidden states and the loss, on answers only
    optimizer   AdamW over float32 masters, warm-up and cosine
    preparation from an order to everything a training needs
    passing     steps as packs, and packs as gradients
    states      states of a training on disk
    memory      what a machine has left, and how hard it works
    machine     the same without PyTorch, for `models add`; light to import
    training    the loop: interruptible, resumable
    generation  tokens one after another; on a GPU, a step as a CUDA graph
    answering   the `Answerer`: base and adapters on one copy of the base

Only the modules marked light may be imported without the extra.
"""
