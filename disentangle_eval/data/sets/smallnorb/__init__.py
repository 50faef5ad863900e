"""SmallNORB: grey photographs of 50 toys of five kinds (LeCun, Huang & Bottou, 2004).

Read from the six official files, three of the training part and three of the test part, which the user brings.
"""

from disentangle_eval import DataFile, DatasetSpec


def _file(name: str, sha256: str, size: int) -> DataFile:
    return DataFile(
        path=f"small_norb/smallnorb-{name}.mat.gz",
        also=(f"smallnorb/smallnorb-{name}.mat.gz",),
        urls=(f"https://cs.nyu.edu/~ylclab/data/norb-v1.0-small/smallnorb-{name}.mat.gz",),
        checksum=f"sha256:{sha256}",
        size=size,
        instead=(DataFile(path=f"small_norb/smallnorb-{name}.mat", also=(f"smallnorb/smallnorb-{name}.mat",)),),
    )


DATASETS = (
    DatasetSpec(
        name="smallnorb",
        summary="4,860 poses of toys, grey 64x64, each of ten toys of its kind, which is no factor",
        target="disentangle_eval.data.sets.smallnorb.loading:load",
        kind="factors",
        files=(
            _file(
                "5x46789x9x18x6x2x96x96-training-dat",
                "5ffd6272a07d32695ee1082a26a41a93a37aab8c28da047f8c34ed348d214873",
                131_896_188,
            ),
            _file(
                "5x46789x9x18x6x2x96x96-training-cat",
                "2784e542c1922060691090952b6cd6278879a216c90f81476f0f00256d42cdaa",
                348,
            ),
            _file(
                "5x46789x9x18x6x2x96x96-training-info",
                "de7eb932ebe7a4ee16217fead60660d0eb3d23632c2f4d1c51f88c501c17bf32",
                71_052,
            ),
            _file(
                "5x01235x9x18x6x2x96x96-testing-dat",
                "cf7104eed3e51174d2f65b66d1e5878b9da233b886f161b0d88f4510ba2c7474",
                130_799_817,
            ),
            _file(
                "5x01235x9x18x6x2x96x96-testing-cat",
                "ecaf6d5bb8c3bc5eab9cf0258f6d2198dd474e016e374836fc097f2e5ff509ff",
                347,
            ),
            _file(
                "5x01235x9x18x6x2x96x96-testing-info",
                "16adf314226327ee006d1a44db8cfef52773c06c829951d5653a9f6f310248a2",
                10_428,
            ),
        ),
        images=4_860,
        factors="category 5, elevation 9, azimuth 18, lighting 6",
        licence="research only, not to be sold",
        homepage="https://cs.nyu.edu/~ylclab/data/norb-v1.0-small/",
    ),
)
