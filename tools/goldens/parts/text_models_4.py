from parts.text_models import make as make
