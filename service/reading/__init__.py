"""Reading people's writing: pure functions from the text of a cell to a value, or to the problem that it has.

Nothing here raises on bad text and nothing guesses in silence: a reading is a small frozen value whose `problem` or
`flags` say what is missing or doubtful. The plain functions define the meaning; `bulk` holds their vectorised twins.
"""
