"""The schemes of publications, and what these say."""

from hwdse.networks.train.numerics.scheme import Scheme, register

_BF16 = "bf16 * bf16"
_BFLOAT = "Zamirai et al., Revisiting BFloat16 training, 2020"

FP32 = register(Scheme(name="fp32"))

register(
    Scheme(
        name="bf16-products",
        source="Kalamkar et al., A study of BFLOAT16 for deep learning training, 2019: as FP32",
        forward=_BF16,
        stored="bf16",
    )
)
register(
    Scheme(
        name="bf16-nearest",
        source=f"{_BFLOAT}: loses accuracy, since small updates vanish",
        forward=_BF16,
        stored="bf16",
        update="nearest:bf16",
    )
)
register(
    Scheme(
        name="bf16-stochastic",
        source=f"{_BFLOAT}: wins back what nearest updates lose",
        forward=_BF16,
        stored="bf16",
        update="stochastic:bf16",
        compare="bf16-nearest",
    )
)
register(
    Scheme(
        name="bf16-kahan",
        source=f"{_BFLOAT}: wins back what nearest updates lose",
        forward=_BF16,
        stored="bf16",
        update="kahan:bf16",
        compare="bf16-nearest",
    )
)
register(
    Scheme(
        name="bf16-pair",
        source="Yu et al., Collage, 2024: pairs of BF16 numbers replace FP32 weights",
        forward=_BF16,
        stored="bf16",
        update="pair:bf16",
        compare="bf16-nearest",
    )
)
register(
    Scheme(
        name="bf16-sums",
        source="Sums in BF16, rounded after 32 products; no publication",
        forward=_BF16,
        sums="bf16:32",
        stored="bf16",
        compare="bf16-products",
    )
)
_FP16 = "fp16+ieee * fp16+ieee"
register(
    Scheme(
        name="fp16",
        source="Micikevicius et al., Mixed precision training, 2018: small gradients become zero",
        forward=_FP16,
        stored="fp16+ieee",
    )
)
register(
    Scheme(
        name="fp16-loss-scale",
        source="Micikevicius et al., Mixed precision training, 2018: as FP32",
        forward=_FP16,
        stored="fp16+ieee",
        loss_scale="dynamic",
        compare="fp16",
    )
)
register(
    Scheme(
        name="fp16-unit",
        source="Blake et al., Unit scaling, 2023: as FP32 without a loss scale",
        forward=_FP16,
        stored="fp16+ieee",
        unit_scaled=True,
        compare="fp16",
    )
)
_FP8_GRADIENT = "Micikevicius et al., FP8 formats for deep learning, 2022"
register(
    Scheme(
        name="fp8",
        source=f"{_FP8_GRADIENT}: without scales, gradients leave the range",
        forward="e4m3fn * e4m3fn",
        input_gradient="e5m2 * e4m3fn",
        weight_gradient="e5m2 * e4m3fn",
    )
)
register(
    Scheme(
        name="fp8-amax",
        source=f"{_FP8_GRADIENT}: with a scale for each tensor, as 16 bits",
        forward="e4m3fn+amax * e4m3fn+amax",
        input_gradient="e5m2+amax * e4m3fn+amax",
        weight_gradient="e5m2+amax * e4m3fn+amax",
        compare="fp8",
    )
)
register(
    Scheme(
        name="fp8-unit",
        source="Blake et al., Unit scaling, 2023: as FP32 without any scale to choose",
        forward="e4m3fn * e4m3fn",
        input_gradient="e5m2 * e4m3fn",
        weight_gradient="e5m2 * e4m3fn",
        unit_scaled=True,
        compare="fp8",
    )
)
_MXFP4 = "Tseng et al., Training LLMs with MXFP4, 2025"
register(
    Scheme(
        name="mxfp4-backward",
        source=f"{_MXFP4}: gradients of MXFP4 to nearest lose quality",
        forward=_BF16,
        input_gradient="mxfp4 * mxfp4",
        weight_gradient="mxfp4 * mxfp4",
    )
)
register(
    Scheme(
        name="mxfp4-backward-stochastic",
        source=f"{_MXFP4}: stochastic rounding alone helps little, outliers make it noisy",
        forward=_BF16,
        input_gradient="mxfp4:ceil+stochastic * mxfp4:ceil+stochastic",
        weight_gradient="mxfp4:ceil+stochastic * mxfp4:ceil+stochastic",
        compare="mxfp4-backward",
    )
)
register(
    Scheme(
        name="mxfp4-backward-hadamard",
        source=f"{_MXFP4}: with Hadamard rotations as well, near BF16",
        forward=_BF16,
        input_gradient="mxfp4:ceil+stochastic * mxfp4:ceil+stochastic @ hadamard:32",
        weight_gradient="mxfp4:ceil+stochastic * mxfp4:ceil+stochastic @ hadamard:32",
        compare="mxfp4-backward-stochastic",
    )
)
_NVFP4 = "NVIDIA, Pretraining large language models with NVFP4, 2025"
_FP4 = "Chmiel et al., FP4 all the way, 2025"
register(
    Scheme(
        name="nvfp4",
        source=f"{_FP4}: all products in NVFP4; gradients to nearest lose accuracy",
        forward="nvfp4 * nvfp4",
    )
)
register(
    Scheme(
        name="nvfp4-stochastic",
        source=f"{_FP4}: stochastic rounding of gradients, nearest elsewhere, is better",
        forward="nvfp4 * nvfp4",
        input_gradient="nvfp4+stochastic * nvfp4",
        weight_gradient="nvfp4+stochastic * nvfp4",
        compare="nvfp4",
    )
)
register(
    Scheme(
        name="nvfp4-recipe",
        source=f"{_NVFP4}: tiles of weights, stochastic and rotated gradients: near FP8",
        forward="nvfp4 * nvfp4_2d",
        input_gradient="nvfp4+stochastic * nvfp4_2d",
        weight_gradient="nvfp4+stochastic * nvfp4 @ hadamard:16",
        compare="nvfp4-stochastic",
    )
)
_DFP = "Das et al., Mixed precision training of CNNs using integer operations, 2018"
register(
    Scheme(
        name="dfp16",
        source=f"{_DFP}: 16-bit integers with an exponent for each tensor, as FP32",
        forward="dfp16 * dfp16",
        sums="exact",
    )
)
register(
    Scheme(
        name="dfp8",
        source="Ghaffari et al., Integer fine-tuning of BERT, 2022: 8-bit integers lose 3 points",
        forward="dfp8 * dfp8",
        sums="exact",
        compare="dfp16",
    )
)
_LNS = "Zhao et al., LNS-Madam, 2022"
register(
    Scheme(
        name="madam",
        source=f"{_LNS}: multiplicative updates in float32; the baseline of the next",
        update="madam",
    )
)
register(
    Scheme(
        name="lns8-madam",
        source=f"{_LNS}: 8-bit logarithms with multiplicative updates, as full precision",
        forward="lns8_g8z+amax * lns8_g8+amax",
        input_gradient="lns8_g8z+amax * lns8_g8+amax",
        weight_gradient="lns8_g8z+amax * lns8_g8z+amax",
        update="madam",
        compare="madam",
    )
)
