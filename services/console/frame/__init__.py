"""What every page has: the layout, styles and script, how it is drawn whole or in regions, charts, and moments and states in words."""
