"""The oracle for pictures: generated sources, what ``prepare`` makes of them, read back elsewhere.

Each source is drawn from a mosaic whose cells tell the picture's number, its orientation and its
colours; a beep marks some pictures. ``table.py`` lists the rows: a source and what is asked of
the product. ``judge.py`` compares the output, decoded by another decoder than the product's
(``read.py``), with what the generator drew. No expected value comes from a decoder.

To add a quirk: write or reuse a source function (modules named by the field's words) and add one
row to ``table.py``. ``python -m tests.truth`` runs all rows and prints their results.
"""
