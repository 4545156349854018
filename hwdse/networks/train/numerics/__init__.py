"""Training in stated formats: every product, sum and update of small networks is rounded.

`python -m hwdse.networks.train.numerics` (extra `train`) trains a network in schemes such as
`bf16-kahan` or `nvfp4`, from several seeds at once, and writes the accuracies to a CSV file.
docs/training.md has the results.

* `scheme`: what each product, sum and update of a training is rounded to.
* `published`: the schemes of publications, with what these say.
* `casts`: roundings of tensors, equal to those of `hwdse.formats`.
* `products`: matrix products with rounded operands and sums.
* `updates`: rules that change weights.
* `models`: the small networks.
* `training`: the loop.
* `table`: statistics of the results.
"""
