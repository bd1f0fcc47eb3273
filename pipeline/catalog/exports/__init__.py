"""Write chosen faces as engines, trainers and curators take them, a module for each target."""
