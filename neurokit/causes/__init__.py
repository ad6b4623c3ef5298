"""Why a Program's outputs differ from its Network's: each cause switched by itself."""
