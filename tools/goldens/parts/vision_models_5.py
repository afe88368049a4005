from parts.vision_models import make as make
