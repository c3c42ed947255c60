"""A program with a mistake in it, to learn to read a traceback.

Read it from the bottom up: the last line says what went wrong, the lines
above it say where, and the topmost call is where the program began.
"""

RECIPE = {
    "flour": "500 g",
    "water": "350 ml",
    "salt": "a pinch",  # <- not a number: this is what trips the program
}


def grams(amount: str) -> int:
    number, _unit = amount.split()
    return int(number)


def scale(recipe: dict[str, str], loaves: int) -> dict[str, int]:
    return {name: grams(amount) * loaves for name, amount in recipe.items()}


print("Baking for three loaves …")
for name, amount in scale(RECIPE, loaves=3).items():
    print(f"{name}: {amount}")
print("This line is never reached.")
