"""Where single pictures come from: a family, one file each. ``listing`` finds them all once, ``reading`` gives their bytes.

what the user named --list--> Item, Item, ...   (the plan is made of them)
Items of a unit     --read--> bytes or an error, in their order
"""
