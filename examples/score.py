"""Scores responses to a prompt about an image: python examples/score.py MODEL IMAGE PROMPT RESPONSE…"""

import sys

import vlrm


def main(name, image, prompt, *responses):
    with vlrm.RewardModel(name) as model:
        for row in model.rank({"text": prompt, "image": image}, responses):
            print(f"{row['score']:10.5f}  {row['text']}")


if __name__ == "__main__":
    if len(sys.argv) < 5:
        sys.exit("usage: score.py MODEL IMAGE PROMPT RESPONSE...")
    try:
        main(*sys.argv[1:])
    except vlrm.Error as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
