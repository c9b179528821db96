"""`python -m cli` is `charter`, where no console script is installed."""

from cli.main import main

if __name__ == "__main__":
    main()
