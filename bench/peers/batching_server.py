"""batching_server.py MODEL PORT MOST: rewards over HTTP on transformers, as one writes such a server: what waits, up to MOST
responses, goes through the model as one padded batch. Takes the bodies of vlrm's /v1/reward with one image and response."""

import asyncio
import base64
import io
import queue
import sys
import threading

import torch
import uvicorn
from chat import about_image
from fastapi import FastAPI
from mllama_reward import MllamaRewardModel
from PIL import Image
from transformers import AutoProcessor


class Batches:
    """One thread that owns the model, and what waits for it."""

    def __init__(self, path, most):
        self.model = MllamaRewardModel.from_pretrained(path, torch_dtype=torch.float32).eval()
        self.processor = AutoProcessor.from_pretrained(path)
        self.processor.tokenizer.padding_side = "right"
        self.most, self.waiting = most, queue.SimpleQueue()
        threading.Thread(target=self.work, daemon=True).start()

    def take(self):
        taken = [self.waiting.get()]
        while len(taken) < self.most and not self.waiting.empty():
            taken.append(self.waiting.get())
        return taken

    @torch.no_grad()
    def rewards(self, questions):
        texts = [self.processor.apply_chat_template(about_image(prompt, response)) for _, prompt, response in questions]
        images = [[Image.open(io.BytesIO(data))] for data, _, _ in questions]
        inputs = self.processor(text=texts, images=images, add_special_tokens=False, padding=True, return_tensors="pt")
        self.model.forward(**inputs, num_logits_to_keep=1, use_cache=False)
        last = inputs["attention_mask"].sum(1) - 1
        return self.model.score(self.model._hidden[torch.arange(len(questions)), last])[:, 0].tolist()

    def work(self):
        while True:
            taken = self.take()
            try:
                results = self.rewards([question for question, _, _ in taken])
            except Exception as error:  # which all of them get
                results = [error] * len(taken)
            for (_, future, loop), result in zip(taken, results):
                loop.call_soon_threadsafe(settle, future, result)


def settle(future, result):
    if isinstance(result, Exception):
        future.set_exception(result)
    else:
        future.set_result(result)


def main(path, port, most):
    batches, app = Batches(path, int(most)), FastAPI()

    @app.post("/v1/reward")
    async def reward(body: dict):
        image, text = body["messages"][0]["content"]
        data = base64.b64decode(image["image_url"]["url"].partition(",")[2])
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        batches.waiting.put(((data, text["text"], body["responses"][0]), future, loop))
        return {"data": [{"index": 0, "object": "reward", "score": [await future]}]}

    uvicorn.run(app, host="127.0.0.1", port=int(port), log_level="error")


if __name__ == "__main__":
    main(*sys.argv[1:])
