from parts.loaded_models import make as make
